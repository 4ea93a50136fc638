#include "mailauth/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "message/auth_fields.h"

namespace ph::mailauth {
namespace {

/// Words of strangers that are told; a domain has at most 255.
constexpr std::size_t kWordOctetsMax = 255;
constexpr std::size_t kResultsColumnsMax = 78;

/// A token of RFC 2045 §5.1, which needs no quotes; "@", "/" and ":" stand in addresses and
/// identities, where RFC 8601 §2.2 has them bare.
bool is_plain(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_alpha(c) || is_digit(c) ||
           std::string_view("-._+@:/=*!#$%&'^`{|}~").find(c) != std::string_view::npos;
  });
}

/// A value in the grammar's pvalue: bare, or as a quoted string without control characters.
std::string value(std::string_view text) {
  text = text.substr(0, kWordOctetsMax);
  if (is_plain(text) && text.find('=') == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet >= 0x7f) {
      out += '?';
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

/// A comment: what is no comment's text is left out.
std::string comment(std::string_view text) {
  std::string out = "(";
  for (const char c : text.substr(0, kWordOctetsMax)) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet >= 0x7f) {
      out += '?';
    } else if (c == '(' || c == ')' || c == '\\') {
      out += ' ';
    } else {
      out += c;
    }
  }
  return out + ")";
}

/// The methods' results, each as it stands between two ";".
using Parts = std::vector<std::string>;

std::string spf_part(const SpfOutcome& spf, const AuthenticationFacts& facts) {
  const bool helo = spf.helo_identity;
  return fmt::format("spf={} {} smtp.{}={}", to_string(spf.result), comment(spf.why),
                     helo ? "helo" : "mailfrom", value(helo ? facts.helo : facts.sender));
}

std::string dkim_part(const DkimOutcome& one) {
  std::string out = fmt::format("dkim={}", to_string(one.result));
  if (one.result == DkimResult::pass) {
    out += fmt::format(
        " {}", comment(fmt::format("{}-bit key{}", one.key_bits, one.testing ? ", testing" : "")));
  } else {
    out += fmt::format(" {}", comment(one.why));
  }
  if (!one.domain.empty()) out += " header.d=" + value(one.domain);
  if (!one.identity.empty()) out += " header.i=" + value(one.identity);
  if (!one.selector.empty()) out += " header.s=" + value(one.selector);
  if (!one.algorithm.empty()) out += " header.a=" + value(one.algorithm);
  if (!one.b_text.empty()) out += " header.b=" + value(one.b_text.substr(0, 8));
  return out;
}

Parts parts_of(const AuthenticationFacts& facts) {
  Parts out;
  if (facts.account) out.push_back("auth=pass smtp.auth=" + value(*facts.account));
  if (facts.iprev) {
    out.push_back(fmt::format("iprev={} {} policy.iprev={}", to_string(facts.iprev->result),
                              comment(facts.iprev->name), value(facts.ip)));
  }
  if (facts.spf) out.push_back(spf_part(*facts.spf, facts));
  if (facts.spf_helo && (!facts.spf || !facts.spf->helo_identity))
    out.push_back(spf_part(*facts.spf_helo, facts));
  if (facts.dkim) {
    for (std::size_t i = 0; i < std::min(facts.dkim->size(), kResultsSignaturesMax); ++i)
      out.push_back(dkim_part((*facts.dkim)[i]));
    if (facts.dkim->empty()) out.emplace_back("dkim=none");
  }
  if (facts.arc) {
    // RFC 8617 §5.2.2; a chain that the DNS kept from being judged is no method's result of it.
    const bool judged = facts.arc->result != ArcResult::temperror;
    std::string arc = fmt::format("arc={}", judged ? to_string(facts.arc->result) : "fail");
    if (!facts.arc->why.empty()) arc += " " + comment(facts.arc->why);
    if (!facts.ip.empty()) arc += " smtp.remote-ip=" + value(facts.ip);
    out.push_back(std::move(arc));
  }
  if (facts.dmarc) {
    const DmarcOutcome& dmarc = *facts.dmarc;
    std::string one = fmt::format("dmarc={}", to_string(dmarc.result));
    if (dmarc.result == DmarcResult::pass || dmarc.result == DmarcResult::fail) {
      one += " " + comment(fmt::format("p={} dis={}", to_string(dmarc.published),
                                       to_string(dmarc.disposition)));
    } else if (dmarc.result == DmarcResult::permerror) {
      one += " " + comment(dmarc.why);
    }
    if (!dmarc.author_domain.empty()) one += " header.from=" + value(dmarc.author_domain);
    out.push_back(std::move(one));
  }
  return out;
}

/// Appends words, folded before the one that does not fit.
void put_folded(std::string_view text, std::size_t& column, std::string& out) {
  while (!text.empty()) {
    const auto end = std::min(text.find(' ', 1), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(end);
    if (column + word.size() > kResultsColumnsMax && word.starts_with(' ')) {
      out += "\r\n\t";
      out += word.substr(1);
      column = word.size();
    } else {
      out += word;
      column += word.size();
    }
  }
}

}  // namespace

std::string authentication_results_field(const AuthenticationFacts& facts) {
  std::string out = "Authentication-Results: " + facts.authserv_id;
  const Parts parts = parts_of(facts);
  for (const std::string& part : parts) {
    out += ";\r\n\t";
    std::size_t column = 1;
    put_folded(part, column, out);
  }
  if (parts.empty()) out += "; none";
  return out + "\r\n";
}

std::string authentication_results(const AuthenticationFacts& facts) {
  std::string out = facts.authserv_id;
  const Parts parts = parts_of(facts);
  for (const std::string& part : parts) out += "; " + part;
  if (parts.empty()) out += "; none";
  return out;
}

std::string received_spf_field(const SpfOutcome& outcome, const AuthenticationFacts& facts) {
  std::string text = fmt::format("Received-SPF: {} {} client-ip={};", to_string(outcome.result),
                                 comment(facts.authserv_id + ": " + outcome.why), value(facts.ip));
  if (!facts.sender.empty()) text += fmt::format(" envelope-from={};", value(facts.sender));
  text += fmt::format(" helo={}; identity={};", value(facts.helo),
                      outcome.helo_identity ? "helo" : "mailfrom");
  if (!outcome.mechanism.empty()) text += fmt::format(" mechanism={};", value(outcome.mechanism));
  if (!outcome.why.empty() && outcome.result >= SpfResult::temperror)
    text += fmt::format(" problem={};", value(outcome.why));
  text += fmt::format(" receiver={}", value(facts.authserv_id));
  std::string out;
  std::size_t column = 0;
  put_folded(text, column, out);
  return out + "\r\n";
}

std::vector<const message::Field*> forged_results(const message::Header& header,
                                                  std::string_view authserv_id) {
  std::vector<const message::Field*> out;
  for (const message::Field* field : header.all("authentication-results")) {
    // authserv-id, behind comments and white space: RFC 8601 §2.2.
    const std::string_view text = field->value;
    int depth = 0;
    std::string name;
    for (std::size_t i = 0; i < text.size(); ++i) {
      char c = text[i];
      const bool escaped = c == '\\' && i + 1 < text.size();
      if (escaped) c = text[++i];
      const bool blank = is_space(c) || c == '\r' || c == '\n';
      if (depth > 0 || (c == '(' && !escaped)) {
        if (!escaped) depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      } else if (c == ';' || (!name.empty() && blank)) {
        break;
      } else if (!blank && (c != '"' || escaped)) {
        name += c;
      }
    }
    if (name.empty() || same_ascii(name, authserv_id)) out.push_back(field);
  }
  for (const message::Field* field : header.all("received-spf")) {
    const auto pairs = message::parse_received_spf(field->value).pairs;
    const auto receiver = std::ranges::find_if(
        pairs, [](const auto& pair) { return same_ascii(pair.first, "receiver"); });
    if (receiver == pairs.end() || same_ascii(receiver->second, authserv_id)) out.push_back(field);
  }
  return out;
}

}  // namespace ph::mailauth
