#include "mailauth/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "mailauth/results_words.h"

namespace ph::mailauth {
namespace {

/// " name=word", or nothing where the word cannot be told.
std::string property(std::string_view name, const std::optional<std::string>& word) {
  return word ? fmt::format(" {}={}", name, *word) : std::string();
}

/// The methods' results, each as it stands between two ";".
using Parts = std::vector<std::string>;

std::string spf_part(const SpfOutcome& spf, const AuthenticationFacts& facts) {
  const bool helo = spf.helo_identity;
  return fmt::format("spf={} {}", to_string(spf.result), comment(spf.why)) +
         (helo ? property("smtp.helo", domain_word(facts.helo))
               : property("smtp.mailfrom", address_word(facts.sender)));
}

std::string dkim_part(const DkimOutcome& one) {
  std::string out = fmt::format("dkim={}", to_string(one.result));
  if (one.result == DkimResult::pass) {
    out += fmt::format(
        " {}", comment(fmt::format("{}-bit key{}", one.key_bits, one.testing ? ", testing" : "")));
  } else {
    out += fmt::format(" {}", comment(one.why));
  }
  if (!one.domain.empty()) out += property("header.d", domain_word(one.domain));
  if (!one.identity.empty()) out += property("header.i", address_word(one.identity, true));
  if (!one.selector.empty()) out += property("header.s", domain_word(one.selector));
  if (!one.algorithm.empty()) out += property("header.a", plain_word(one.algorithm));
  if (!one.b_text.empty()) out += property("header.b", plain_word(one.b_text.substr(0, 8)));
  return out;
}

Parts parts_of(const AuthenticationFacts& facts) {
  Parts out;
  if (facts.account)
    out.push_back("auth=pass" + property("smtp.auth", address_word(*facts.account)));
  if (facts.iprev) {
    const IprevOutcome& found = *facts.iprev;
    out.push_back(fmt::format("iprev={} {}", to_string(found.result),
                              comment(found.name.empty() ? found.why : found.name)) +
                  property("policy.iprev", plain_word(facts.ip)));
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
    if (!facts.ip.empty()) arc += property("smtp.remote-ip", plain_word(facts.ip));
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
    if (!dmarc.author_domain.empty())
      one += property("header.from", domain_word(dmarc.author_domain));
    out.push_back(std::move(one));
  }
  return out;
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
  std::string text = fmt::format("Received-SPF: {} {}", to_string(outcome.result),
                                 comment(facts.authserv_id + ": " + outcome.why));
  const auto pair = [&text](std::string_view name, const std::optional<std::string>& word) {
    if (word) text += property(name, word) + ";";
  };
  pair("client-ip", plain_word(facts.ip));
  if (!facts.sender.empty()) pair("envelope-from", address_word(facts.sender));
  pair("helo", domain_word(facts.helo));
  pair("identity", plain_word(outcome.helo_identity ? "helo" : "mailfrom"));
  if (!outcome.mechanism.empty()) pair("mechanism", plain_word(outcome.mechanism));
  if (!outcome.why.empty() && outcome.result >= SpfResult::temperror)
    pair("problem", plain_word(outcome.why));
  text += property("receiver", domain_word(facts.authserv_id));
  std::string out;
  std::size_t column = 0;
  put_folded(text, column, out);
  return out + "\r\n";
}

}  // namespace ph::mailauth
