#include "mailauth/spf_macro.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <vector>

#include "base/ascii.h"
#include "base/ip_text.h"
#include "wire/dns/name.h"

namespace ph::mailauth {
namespace {

constexpr std::size_t kDomainOctetsMax = 253;  // RFC 7208 §7.3

std::string nibbles(std::string_view ip) {
  std::string out;
  for (const char c : ip) {
    const auto octet = static_cast<unsigned char>(c);
    out += fmt::format("{}{:X}.{:X}", out.empty() ? "" : ".", octet >> 4, octet & 15);
  }
  return out;
}

std::string value_of(char letter, const SpfMacroValues& values) {
  switch (letter) {
    case 's': return values.local + "@" + values.sender_domain;
    case 'l': return values.local;
    case 'o': return values.sender_domain;
    case 'd': return values.domain;
    case 'i': return values.ip.size() == kIpv4Octets ? format_ip(values.ip) : nibbles(values.ip);
    case 'p': return values.client_name;
    case 'v': return values.ip.size() == kIpv4Octets ? "in-addr" : "ip6";
    case 'h': return values.query.helo;
    case 'c': return format_ip(values.ip);
    case 'r': return values.query.receiver.empty() ? "unknown" : values.query.receiver;
    case 't':
      return fmt::format(
          "{}",
          std::chrono::floor<std::chrono::seconds>(values.query.now).time_since_epoch().count());
    default: return "";
  }
}

/// RFC 3986 §2.3: unreserved characters stay.
std::string url_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string expand_one(const SpfMacro& macro, const SpfMacroValues& values) {
  if (macro.letter == '%') return "%";
  if (macro.letter == '_') return " ";
  if (macro.letter == '-') return "%20";
  const std::string value = value_of(macro.letter, values);
  std::vector<std::string_view> parts;
  std::size_t from = 0;
  for (;;) {
    const auto end = std::min(value.find_first_of(macro.delimiters, from), value.size());
    parts.push_back(std::string_view(value).substr(from, end - from));
    if (end == value.size()) break;
    from = end + 1;
  }
  if (macro.reverse) std::ranges::reverse(parts);
  const std::size_t skip =
      macro.keep == 0 || macro.keep >= parts.size() ? 0 : parts.size() - macro.keep;
  std::string out;
  for (std::size_t i = skip; i < parts.size(); ++i) {
    if (i > skip) out += '.';
    out += parts[i];
  }
  return macro.url ? url_escaped(out) : out;
}

}  // namespace

bool uses_macro(std::string_view text, char letter) {
  while (!text.empty()) {
    if (text.front() != '%') {
      text.remove_prefix(1);
      continue;
    }
    const auto macro = take_spf_macro(text);
    if (!macro) return false;
    if (macro->letter == letter) return true;
  }
  return false;
}

std::string expand_spf(std::string_view text, const SpfMacroValues& values) {
  std::string out;
  while (!text.empty()) {
    const auto literal = text.substr(0, text.find('%'));
    out += literal;
    text.remove_prefix(literal.size());
    if (text.empty()) break;
    const auto macro = take_spf_macro(text);
    if (!macro) break;
    out += expand_one(*macro, values);
  }
  return out;
}

std::string shortened_spf_domain(std::string domain) {
  if (domain.ends_with('.')) domain.pop_back();
  while (domain.size() > kDomainOctetsMax) {
    const auto dot = domain.find('.');
    if (dot == std::string::npos) break;
    domain.erase(0, dot + 1);
  }
  return domain;
}

bool is_explanation(std::string_view text) {
  while (!text.empty()) {
    if (text.front() == '%') {
      if (!take_spf_macro(text)) return false;
      continue;
    }
    if (text.front() < ' ' || text.front() > '~') return false;
    text.remove_prefix(1);
  }
  return true;
}

std::optional<std::string> spf_name(std::string_view domain) {
  std::string escaped;
  for (const char c : domain) {
    if (c == '\\') escaped += '\\';
    escaped += c;
  }
  auto name = dns::normal_name(escaped);
  if (!name || *name == ".") return std::nullopt;
  return *std::move(name);
}

std::string reverse_name(std::string_view ip) {
  std::string out;
  for (const char c : ip | std::views::reverse) {
    const auto octet = static_cast<unsigned char>(c);
    out += ip.size() == kIpv4Octets ? fmt::format("{}.", octet)
                                    : fmt::format("{:x}.{:x}.", octet & 15, octet >> 4);
  }
  return out + (ip.size() == kIpv4Octets ? "in-addr.arpa" : "ip6.arpa");
}

bool in_network(std::string_view ip, std::string_view network, unsigned prefix) {
  if (ip.size() != network.size()) return false;
  const std::size_t whole = prefix / 8;
  if (ip.substr(0, whole) != network.substr(0, whole)) return false;
  if (prefix % 8 == 0) return true;
  const unsigned mask = (0xff00U >> (prefix % 8)) & 0xff;
  return ((static_cast<unsigned char>(ip[whole]) ^ static_cast<unsigned char>(network[whole])) &
          mask) == 0;
}

bool is_at_or_below(std::string_view name, std::string_view domain) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (domain.ends_with('.')) domain.remove_suffix(1);
  if (name.size() < domain.size()) return false;
  const auto tail = name.substr(name.size() - domain.size());
  if (!same_ascii(tail, domain)) return false;
  return name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.';
}

std::string why_of(const SpfOutcome& outcome, const SpfQuery& query) {
  switch (outcome.result) {
    case SpfResult::none: return fmt::format("{} has no SPF record", outcome.domain);
    case SpfResult::neutral:
      return outcome.mechanism == "default"
                 ? fmt::format("no term of the record of {} is about {}", outcome.domain, query.ip)
                 : fmt::format("{} does not say whether {} may send (\"{}\")", outcome.domain,
                               query.ip, outcome.mechanism);
    case SpfResult::pass:
      return fmt::format("{} lets {} send (\"{}\")", outcome.domain, query.ip, outcome.mechanism);
    case SpfResult::fail:
      return fmt::format("{} does not let {} send (\"{}\")", outcome.domain, query.ip,
                         outcome.mechanism);
    case SpfResult::softfail:
      return fmt::format("{} probably does not let {} send (\"{}\")", outcome.domain, query.ip,
                         outcome.mechanism);
    default: return outcome.why;
  }
}

std::string fix_of(const SpfOutcome& outcome, const SpfQuery& query) {
  const bool six = query.ip.find(':') != std::string::npos;
  switch (outcome.result) {
    case SpfResult::none:
      return fmt::format("publish at {} a TXT record: \"v=spf1 {}:{} -all\"", outcome.domain,
                         six ? "ip6" : "ip4", query.ip);
    case SpfResult::pass: return "";
    default:
      return fmt::format("if {} sends for {}, add \"{}:{}\" to its record", query.ip,
                         outcome.domain, six ? "ip6" : "ip4", query.ip);
  }
}

}  // namespace ph::mailauth
