#include "mailauth/spf_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "base/ip_text.h"

namespace ph::mailauth {
namespace {

constexpr std::string_view kVersion = "v=spf1";

bool is_alphanumeric(char c) { return is_alpha(c) || is_digit(c); }

/// RFC 7208 §7.1 toplabel: letters, digits and hyphens, none at an end, not digits alone.
bool is_top_label(std::string_view label) {
  if (label.empty() || label.front() == '-' || label.back() == '-') return false;
  return std::ranges::all_of(label, [](char c) { return is_alphanumeric(c) || c == '-'; }) &&
         !std::ranges::all_of(label, is_digit);
}

/// Reads a macro-string. `in_explanation`: the letters c, r and t may stand there.
/// `ends_with_macro`: whether its last element is a macro-expand.
Result<Done> check_macros(std::string_view text, bool in_explanation, bool& ends_with_macro) {
  ends_with_macro = false;
  while (!text.empty()) {
    if (text.front() == '%') {
      PH_TRY(const SpfMacro macro, take_spf_macro(text));
      if (!in_explanation && (macro.letter == 'c' || macro.letter == 'r' || macro.letter == 't'))
        return fail(Kind::malformed, "%{c}, %{r} and %{t} may stand in explanations alone");
      ends_with_macro = true;
      continue;
    }
    if (text.front() <= ' ' || text.front() > '~')
      return fail(Kind::malformed, "only printable ASCII may stand in a domain");
    ends_with_macro = false;
    text.remove_prefix(1);
  }
  return Done{};
}

Result<Done> check_domain(std::string_view domain) {
  if (domain.empty()) return fail(Kind::malformed, "a domain is missing behind the \":\" or \"=\"");
  if (domain.size() > kSpfDomainSpecOctetsMax)
    return fail(Kind::over_limit, "the domain of a term is too long");
  bool ends_with_macro = false;
  PH_TRY([[maybe_unused]] const auto checked, check_macros(domain, false, ends_with_macro));
  if (ends_with_macro) return Done{};
  if (domain.ends_with('.')) domain.remove_suffix(1);
  const auto dot = domain.rfind('.');
  // A macro may hold dots, too ("%{d.}"): what follows the last "}" is literal.
  if (dot == std::string_view::npos || !is_top_label(domain.substr(dot + 1)))
    return fail(Kind::malformed, "the domain does not end as one can");
  return Done{};
}

/// Takes "/DIGITS" or "//DIGITS" off the end of `text`, where `slashes` stands before the digits.
Result<std::optional<unsigned>> take_prefix_length(std::string_view& text, std::string_view slashes,
                                                   unsigned most) {
  std::size_t from = text.size();
  while (from > 0 && is_digit(text[from - 1])) --from;
  if (!text.substr(0, from).ends_with(slashes)) return std::nullopt;
  const auto digits = text.substr(from);
  if (digits.empty()) return fail(Kind::malformed, "a CIDR length is missing behind the \"/\"");
  if (digits.size() > 3 || (digits.size() > 1 && digits.front() == '0'))
    return fail(Kind::malformed, "not a CIDR length");
  unsigned value = 0;
  for (const char c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
  if (value > most) return fail(Kind::malformed, "the CIDR length is too large");
  text = text.substr(0, from - slashes.size());
  return value;
}

/// dual-cidr-length, RFC 7208 §5.6, off the end of a mechanism's argument.
Result<Done> take_prefix_lengths(std::string_view& text, SpfDirective& into) {
  PH_TRY(const auto six, take_prefix_length(text, "//", 128));
  if (six) into.prefix6 = *six;
  PH_TRY(const auto four, take_prefix_length(text, "/", 32));
  if (four) into.prefix4 = *four;
  return Done{};
}

Result<Done> take_network(std::string_view text, std::size_t octets, SpfDirective& into) {
  const bool four = octets == kIpv4Octets;
  PH_TRY(const auto length, take_prefix_length(text, "/", four ? 32 : 128));
  if (length) (four ? into.prefix4 : into.prefix6) = *length;
  // A mapped address would lose its form in parse_ip_text(), which knows one form of a host.
  auto network = parse_ip_text(text);
  const bool has_colon = text.find(':') != std::string_view::npos;
  if (!network || has_colon == four) return fail(Kind::malformed, "not an address of this family");
  if (!four && network->size() == kIpv4Octets)
    *network = std::string(10, '\0') + std::string(2, '\xff') + *network;
  into.network = *std::move(network);
  return Done{};
}

struct Name {
  std::string_view text;
  SpfMechanism mechanism;
};
constexpr std::array kNames{
    Name{"all", SpfMechanism::all}, Name{"include", SpfMechanism::include},
    Name{"a", SpfMechanism::a},     Name{"mx", SpfMechanism::mx},
    Name{"ptr", SpfMechanism::ptr}, Name{"ip4", SpfMechanism::ip4},
    Name{"ip6", SpfMechanism::ip6}, Name{"exists", SpfMechanism::exists},
};

SpfResult take_qualifier(std::string_view& term) {
  const std::string_view all = "+-~?";
  constexpr std::array results{SpfResult::pass, SpfResult::fail, SpfResult::softfail,
                               SpfResult::neutral};
  const auto at = all.find(term.front());
  if (at == std::string_view::npos) return SpfResult::pass;
  term.remove_prefix(1);
  return results[at];
}

Result<SpfDirective> parse_directive(std::string_view term) {
  SpfDirective out;
  out.text = term;
  out.qualifier = take_qualifier(term);
  const auto name_octets = std::min(term.find_first_of(":/"), term.size());
  const auto name = term.substr(0, name_octets);
  const auto* known =
      std::ranges::find_if(kNames, [&](const Name& each) { return same_ascii(each.text, name); });
  if (known == kNames.end()) return fail(Kind::malformed, "no mechanism has this name");
  out.mechanism = known->mechanism;
  std::string_view argument = term.substr(name_octets);

  using enum SpfMechanism;
  const bool has_colon = argument.starts_with(':');
  if (has_colon) argument.remove_prefix(1);
  const auto kind = out.mechanism;
  if (kind == ip4 || kind == ip6) {
    if (!has_colon) return fail(Kind::malformed, "an address is missing");
    PH_TRY([[maybe_unused]] const auto taken,
           take_network(argument, kind == ip4 ? kIpv4Octets : kIpv6Octets, out));
    return out;
  }
  if (kind == all) {
    if (has_colon || !argument.empty()) return fail(Kind::malformed, "nothing may follow \"all\"");
    return out;
  }
  if (kind == a || kind == mx) {
    PH_TRY([[maybe_unused]] const auto taken, take_prefix_lengths(argument, out));
  }
  const bool must = kind == include || kind == exists;
  if (!has_colon && (must || !argument.empty()))
    return fail(Kind::malformed, must ? Literal("a domain is missing")
                                      : Literal("what follows the name is no domain"));
  if (has_colon) {
    PH_TRY([[maybe_unused]] const auto checked, check_domain(argument));
    out.domain = argument;
  }
  return out;
}

/// The name of a modifier at the front of a term; "" where there is none. RFC 7208 §6.
std::string_view modifier_name(std::string_view term) {
  const auto equals = term.find('=');
  if (equals == std::string_view::npos || equals == 0 || !is_alpha(term.front())) return {};
  const auto name = term.substr(0, equals);
  const bool fits = std::ranges::all_of(
      name, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
  return fits ? name : std::string_view();
}

Result<Done> parse_modifier(std::string_view name, std::string_view value, SpfRecord& into) {
  const bool redirect = same_ascii(name, "redirect");
  if (redirect || same_ascii(name, "exp")) {
    auto& place = redirect ? into.redirect : into.exp;
    if (place) return fail(Kind::malformed, "a modifier that may stand once stands twice");
    PH_TRY([[maybe_unused]] const auto checked, check_domain(value));
    place = std::string(value);
    return Done{};
  }
  bool ends_with_macro = false;
  PH_TRY([[maybe_unused]] const auto checked, check_macros(value, true, ends_with_macro));
  into.unknown.emplace_back(name);
  return Done{};
}

Result<Done> parse_term(std::string_view term, std::size_t offset, SpfRecord& into) {
  if (const auto name = modifier_name(term); !name.empty())
    return parse_modifier(name, term.substr(name.size() + 1), into);
  PH_TRY(SpfDirective directive, parse_directive(term));
  directive.offset = offset;
  into.directives.push_back(std::move(directive));
  return Done{};
}

}  // namespace

std::string_view to_string(SpfResult result) {
  constexpr std::array<std::string_view, 7> names{"none",     "neutral",   "pass",     "fail",
                                                  "softfail", "temperror", "permerror"};
  return names[std::to_underlying(result)];
}

bool is_spf_record(std::string_view text) {
  return same_ascii(text.substr(0, kVersion.size()), kVersion) &&
         (text.size() == kVersion.size() || text[kVersion.size()] == ' ');
}

Result<SpfRecord> parse_spf_record(std::string_view text) {
  if (text.size() > kSpfRecordOctetsMax)
    return fail(Kind::over_limit, "the record is too long", fmt::format("{} octets", text.size()));
  if (!is_spf_record(text)) return fail(Kind::malformed, "no \"v=spf1\"");
  SpfRecord out;
  std::size_t at = kVersion.size();
  while (at < text.size()) {
    if (text[at] == ' ') {
      ++at;
      continue;
    }
    const auto end = std::min(text.find(' ', at), text.size());
    const auto term = text.substr(at, end - at);
    if (auto read = parse_term(term, at, out); !read) {
      Error error = std::move(read).error();
      error.detail = fmt::format("\"{}\" at octet {}", term.substr(0, kSpfToldOctetsMax), at);
      return std::unexpected(std::move(error));
    }
    at = end;
  }
  return out;
}

Result<SpfMacro> take_spf_macro(std::string_view& text) {
  PH_CHECK(text.starts_with('%'));
  SpfMacro out;
  if (text.size() < 2) return fail(Kind::malformed, "\"%\" alone");
  if (text[1] == '%' || text[1] == '_' || text[1] == '-') {
    out.letter = text[1];
    text.remove_prefix(2);
    return out;
  }
  const auto end = text.find('}');
  if (text[1] != '{' || end == std::string_view::npos || end < 3)
    return fail(Kind::malformed, "\"%\" begins no macro");
  std::string_view inside = text.substr(2, end - 2);
  out.letter = ascii_lower(inside.front());
  out.url = inside.front() != out.letter;
  if (std::string_view("slodiphcrtv").find(out.letter) == std::string_view::npos)
    return fail(Kind::malformed, "no macro has this letter");
  inside.remove_prefix(1);
  bool has_digits = false;
  while (!inside.empty() && is_digit(inside.front())) {
    has_digits = true;
    // More parts than a name can have is all of them.
    out.keep = std::min(out.keep * 10 + static_cast<unsigned>(inside.front() - '0'), 1000U);
    inside.remove_prefix(1);
  }
  if (has_digits && out.keep == 0) return fail(Kind::malformed, "a macro that keeps no part");
  if (!inside.empty() && ascii_lower(inside.front()) == 'r') {
    out.reverse = true;
    inside.remove_prefix(1);
  }
  if (inside.find_first_not_of(".-+,/_=") != std::string_view::npos)
    return fail(Kind::malformed, "not a macro's delimiter");
  out.delimiters = inside.empty() ? "." : std::string(inside);
  text.remove_prefix(end + 1);
  return out;
}

}  // namespace ph::mailauth
