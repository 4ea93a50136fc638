#include "message/address.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/ascii.h"
#include "codec/utf8.h"
#include "message/utf8.h"

namespace ph::message {
namespace {

bool is_let_dig(char c) { return is_alpha(c) || is_digit(c); }

bool is_atext(char c) {  // RFC 5322 §3.2.3
  return is_let_dig(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

/// Octets of the character at the front of `text` that fits `ascii` or lies outside ASCII.
template <class Fits>
std::size_t character(std::string_view text, Fits ascii) {
  if (text.empty()) return 0;
  return ascii(text.front()) ? 1 : utf8_character_octets(text);
}

/// Dot-string = Atom *("." Atom); the value is the text itself.
Result<std::string> take_dot_string(std::string_view& text) {
  std::string value;
  for (;;) {
    const std::size_t before = value.size();
    while (const std::size_t octets = character(text, is_atext)) {
      value.append(text.substr(0, octets));
      text.remove_prefix(octets);
    }
    if (value.size() == before) return fail(Kind::malformed, "the local part is not an atom");
    if (!text.starts_with('.')) return value;
    value.push_back('.');
    text.remove_prefix(1);
  }
}

/// Quoted-string; `text` starts with its opening quote. The value has no quotes and backslashes.
Result<std::string> take_quoted(std::string_view& text) {
  const auto plain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
  std::string value;
  text.remove_prefix(1);
  for (;;) {
    if (text.starts_with('"')) {
      text.remove_prefix(1);
      return value;
    }
    if (text.size() >= 2 && text[0] == '\\' && text[1] >= ' ' && text[1] <= '~') {
      value.push_back(text[1]);
      text.remove_prefix(2);
    } else if (const std::size_t octets = character(text, plain)) {
      value.append(text.substr(0, octets));
      text.remove_prefix(octets);
    } else {
      return fail(Kind::malformed, "the quoted local part is not closed");
    }
  }
}

/// Dotted decimal of four numbers up to 255; leading zeros dropped, which some read as octal.
std::optional<std::string> take_ipv4(std::string_view& text) {
  std::string out;
  for (int i = 0; i < 4; ++i) {
    if (i > 0) {
      if (!text.starts_with('.')) return {};
      text.remove_prefix(1);
      out.push_back('.');
    }
    unsigned value = 0;
    std::size_t digits = 0;
    while (digits < 3 && digits < text.size() && is_digit(text[digits])) {
      value = value * 10 + static_cast<unsigned>(text[digits] - '0');
      ++digits;
    }
    if (digits == 0 || value > 255) return {};
    text.remove_prefix(digits);
    out += std::to_string(value);
  }
  return out;
}

/// True if `text` is all of an IPv6 address (RFC 5321 §4.1.3; RFC 4291 §2.2).
bool is_ipv6(std::string_view text) {
  const auto is_hex = [](char c) {
    return is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
  };
  int groups = 0;
  bool gap = false;
  if (text.starts_with("::")) {
    gap = true;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    if (std::string_view rest = text; take_ipv4(rest) && rest.empty()) {
      groups += 2;
      break;
    }
    const auto digits =
        static_cast<std::size_t>(std::ranges::find_if_not(text, is_hex) - text.begin());
    if (digits == 0 || digits > 4 || ++groups > 8) return false;
    text.remove_prefix(digits);
    if (text.empty()) break;
    if (text.starts_with("::")) {
      if (gap) return false;
      gap = true;
      text.remove_prefix(2);
    } else if (text.starts_with(':') && text.size() > 1) {
      text.remove_prefix(1);
    } else {
      return false;
    }
  }
  return gap ? groups < 8 : groups == 8;
}

/// address-literal; `text` starts with '['. RFC 5321 §4.1.3. Tags other than IPv6 are refused.
Result<std::string> take_literal(std::string_view& text) {
  constexpr std::string_view kIpv6 = "ipv6:";
  const std::size_t end = text.find(']');
  if (end == text.npos) return fail(Kind::malformed, "the address literal is not closed");
  const std::string inside = ascii_lower(text.substr(1, end - 1));
  std::string value;
  if (inside.starts_with(kIpv6) && is_ipv6(std::string_view(inside).substr(kIpv6.size()))) {
    value = inside;
  } else {
    std::string_view rest = inside;
    if (auto ipv4 = take_ipv4(rest); ipv4 && rest.empty()) value = *std::move(ipv4);
  }
  if (value.empty()) return fail(Kind::malformed, "the address literal is not an IP address");
  text.remove_prefix(end + 1);
  return "[" + value + "]";
}

bool is_dot_string(std::string_view value) {
  const auto whole = take_dot_string(value);
  return whole && value.empty();
}

}  // namespace

Result<std::string> take_domain(std::string_view& text) {
  if (text.starts_with('[')) return take_literal(text);
  const auto inside = [](char c) { return is_let_dig(c) || c == '-'; };
  std::string value;
  for (;;) {
    const std::size_t label = value.size();
    while (const std::size_t octets = character(text, inside)) {
      if (value.size() == label && text.front() == '-') break;
      value.append(text.substr(0, octets));
      text.remove_prefix(octets);
    }
    if (value.size() == label) {
      return fail(Kind::malformed, "the domain is not labels of letters, digits and hyphens");
    }
    if (value.ends_with('-')) return fail(Kind::malformed, "a label ends with a hyphen");
    const std::string_view name = std::string_view(value).substr(label);
    // As the DNS knows it: in UTF-8 it may be longer, RFC 5890 §4.2.
    const std::size_t most = codec::is_ascii(name) ? kLabelOctetsMax : kUnicodeLabelOctetsMax;
    if (name.size() > most)
      return fail(Kind::malformed, "a label of the domain is longer than 63 octets");
    if (value.size() > kDomainOctetsMax) {
      return fail(Kind::malformed, "the domain is longer than 255 octets");
    }
    if (!text.starts_with('.')) break;
    value.push_back('.');
    text.remove_prefix(1);
  }
  return ascii_lower(std::string_view(value));
}

Result<Address> take_address(std::string_view& text) {
  const std::size_t start = text.size();
  const bool quoted = text.starts_with('"');
  Address address;
  PH_TRY(address.local, quoted ? take_quoted(text) : take_dot_string(text));
  if (start - text.size() > kLocalPartOctetsMax) {
    return fail(Kind::malformed, "the local part is longer than 64 octets");
  }
  if (!text.starts_with('@')) {
    // RFC 5321 §4.5.1: the one mailbox that needs no domain.
    if (!quoted && same_ascii(address.local, "postmaster")) return address;
    return fail(Kind::malformed, "the address has no @ and domain");
  }
  text.remove_prefix(1);
  PH_TRY(address.domain, take_domain(text));
  if (start - text.size() > kAddressOctetsMax) {
    return fail(Kind::malformed, "the address is longer than 254 octets");
  }
  return address;
}

Result<Address> parse_address(std::string_view text) {
  std::string_view rest = text;
  auto address = take_address(rest);
  if (address && !rest.empty()) {
    address = fail(Kind::malformed, "something follows the address");
  }
  if (!address) address.error().detail = fmt::format("at octet {}", text.size() - rest.size());
  return address;
}

std::string to_string(const Address& address) {
  if (address.null()) return {};
  std::string out;
  if (is_dot_string(address.local)) {
    out = address.local;
  } else {
    out.push_back('"');
    for (const char c : address.local) {
      if (c == '"' || c == '\\') out.push_back('\\');
      out.push_back(c);
    }
    out.push_back('"');
  }
  if (address.domain.empty()) return out;
  out.push_back('@');
  if (address.domain.starts_with("[ipv6:")) {
    // As RFC 5321 writes the tag: not every reader compares it without regard to case.
    out += "[IPv6:";
    out += std::string_view(address.domain).substr(6);
  } else {
    out += address.domain;
  }
  return out;
}

bool is_ascii(const Address& address) {
  const auto ascii = [](char c) { return static_cast<std::uint8_t>(c) < 0x80; };
  return std::ranges::all_of(address.local, ascii) && std::ranges::all_of(address.domain, ascii);
}

std::string directory_key(const Address& address) {
  return ascii_lower(std::string_view(to_string(address)));
}

}  // namespace ph::message
