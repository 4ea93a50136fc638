#include "wire/dns/name.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

#include "base/ascii.h"

namespace ph::dns {
namespace {

/// Takes one octet of a label, escaped or not; nullopt: a broken escape.
std::optional<char> take_octet(std::string_view& text) {
  const char c = text.front();
  text.remove_prefix(1);
  if (c != '\\') return c;
  if (text.empty()) return std::nullopt;
  if (!is_digit(text.front())) {
    const char escaped = text.front();
    text.remove_prefix(1);
    return escaped;
  }
  if (text.size() < 3) return std::nullopt;
  unsigned value = 0;
  for (const char digit : text.substr(0, 3)) {
    if (!is_digit(digit)) return std::nullopt;
    value = value * 10 + static_cast<unsigned>(digit - '0');
  }
  if (value > 255) return std::nullopt;
  text.remove_prefix(3);
  return static_cast<char>(value);
}

void put_octet(std::string& text, char c) {
  if (c == '.' || c == '\\') {
    text += '\\';
    text += c;
  } else if (c > ' ' && c <= '~') {
    text += ascii_lower(c);
  } else {
    text += fmt::format("\\{:03}", static_cast<std::uint8_t>(c));
  }
}

/// Labels of lower-case letters, digits, "-" and "_": as most names come, and normal already.
bool is_normal_host(std::string_view text) {
  if (text.size() > kNameOctetsMax - 2) return false;  // one octet for the root, one more length
  std::size_t label = 0;
  for (const char c : text) {
    if (c == '.' ? label == 0 : !(c >= 'a' && c <= 'z') && !is_digit(c) && c != '-' && c != '_')
      return false;
    label = c == '.' ? 0 : label + 1;
    if (label > kNameLabelOctetsMax) return false;
  }
  return label > 0;
}

}  // namespace

Result<std::string> encode_name(std::string_view text) {
  if (text == ".") return std::string(1, '\0');
  if (text.empty()) return fail(Kind::malformed, "not a domain name: it is empty");
  std::string wire, label;
  for (;;) {  // a label each turn
    label.clear();
    while (!text.empty() && text.front() != '.') {
      const auto octet = take_octet(text);
      if (!octet) return fail(Kind::malformed, "not a domain name: a broken escape");
      label += *octet;
      if (label.size() > kNameLabelOctetsMax)
        return fail(Kind::over_limit, "not a domain name: a label has more than 63 octets");
    }
    if (label.empty()) return fail(Kind::malformed, "not a domain name: an empty label");
    wire += static_cast<char>(label.size());
    wire += label;
    if (wire.size() >= kNameOctetsMax)  // the root's octet comes on top
      return fail(Kind::over_limit, "not a domain name: it has more than 255 octets");
    if (text.size() <= 1) break;  // the end, or the final dot
    text.remove_prefix(1);
  }
  wire += '\0';
  return wire;
}

Result<std::string> take_name(std::string_view& wire) {
  std::string text;
  std::size_t at = 0;
  for (;;) {
    if (at >= wire.size()) return fail(Kind::malformed, "a domain name is cut short");
    const std::size_t octets = static_cast<std::uint8_t>(wire[at++]);
    if (octets == 0) break;
    if (octets > kNameLabelOctetsMax)
      return fail(Kind::malformed, "a domain name has a compression pointer or an unknown label");
    if (at + octets >= kNameOctetsMax)
      return fail(Kind::over_limit, "a domain name has more than 255 octets");
    if (octets > wire.size() - at) return fail(Kind::malformed, "a domain name is cut short");
    if (!text.empty()) text += '.';
    for (const char c : wire.substr(at, octets)) put_octet(text, c);
    at += octets;
  }
  wire.remove_prefix(at);
  return text.empty() ? "." : text;
}

Result<std::string> normal_name(std::string_view text) {
  if (is_normal_host(text)) return std::string(text);
  PH_TRY(const std::string wire, encode_name(text));
  std::string_view rest = wire;
  return take_name(rest);
}

}  // namespace ph::dns
