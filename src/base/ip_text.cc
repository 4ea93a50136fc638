#include "base/ip_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/ascii.h"
#include "base/decimal.h"
#include "base/error.h"

namespace ph {
namespace {

constexpr std::size_t kV6Groups = 8;

unsigned octet(char c) { return static_cast<std::uint8_t>(c); }

/// Four decimal octets; no leading zeros, which some readers take for octal (RFC 6943 §3.1.1).
std::optional<std::string> parse_v4(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < kIpv4Octets; ++i) {
    const auto dot = text.find('.');
    const bool last = i + 1 == kIpv4Octets;
    if (last != (dot == std::string_view::npos)) return std::nullopt;
    const auto value = parse_decimal(text.substr(0, dot), 255);
    if (!value) return std::nullopt;
    out.push_back(static_cast<char>(*value));
    text.remove_prefix(last ? text.size() : dot + 1);
  }
  return out;
}

std::optional<std::uint16_t> parse_group(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char raw : text) {
    const char c = ascii_lower(raw);
    if (!is_digit(c) && !(c >= 'a' && c <= 'f')) return std::nullopt;
    value = value * 16 + static_cast<std::uint32_t>(is_digit(c) ? c - '0' : c - 'a' + 10);
  }
  return static_cast<std::uint16_t>(value);
}

/// The groups on one side of "::" as octets; the last may be a dotted IPv4 (RFC 4291 §2.2).
std::optional<std::string> parse_groups(std::string_view text, bool may_end_dotted) {
  std::string out;
  while (!text.empty()) {
    if (out.size() >= kIpv6Octets) return std::nullopt;
    const auto colon = text.find(':');
    const auto group = text.substr(0, colon);
    if (colon == std::string_view::npos && may_end_dotted && group.contains('.')) {
      const auto v4 = parse_v4(group);
      if (!v4) return std::nullopt;
      return out + *v4;
    }
    const auto value = parse_group(group);
    if (!value) return std::nullopt;
    out.push_back(static_cast<char>(*value >> 8));
    out.push_back(static_cast<char>(*value & 0xff));
    if (colon == std::string_view::npos) return out;
    text.remove_prefix(colon + 1);
    if (text.empty()) return std::nullopt;  // a single colon at the end
  }
  return out;
}

std::optional<std::string> parse_v6(std::string_view text) {
  const auto gap = text.find("::");
  if (gap == std::string_view::npos) {
    auto all = parse_groups(text, true);
    if (!all || all->size() != kIpv6Octets) return std::nullopt;
    return all;
  }
  const auto head = parse_groups(text.substr(0, gap), false);
  const auto tail = parse_groups(text.substr(gap + 2), true);
  if (!head || !tail || head->size() + tail->size() > kIpv6Octets - 2) return std::nullopt;
  return *head + std::string(kIpv6Octets - head->size() - tail->size(), '\0') + *tail;
}

std::string format_v6(std::string_view octets) {
  std::array<unsigned, kV6Groups> groups{};
  for (std::size_t i = 0; i < kV6Groups; ++i)
    groups[i] = octet(octets[2 * i]) << 8 | octet(octets[2 * i + 1]);
  // RFC 5952 §4.2: the longest run of zero groups becomes "::", the first of equals, never one
  // alone.
  std::size_t gap_at = kV6Groups, gap_groups = 1;
  for (std::size_t i = 0; i < kV6Groups;) {
    std::size_t end = i;
    while (end < kV6Groups && groups[end] == 0) ++end;
    if (end - i > gap_groups) {
      gap_at = i;
      gap_groups = end - i;
    }
    i = std::max(end, i + 1);
  }
  std::string out;
  for (std::size_t i = 0; i < kV6Groups; ++i) {
    if (i == gap_at) {
      out += "::";
      i += gap_groups - 1;
      continue;
    }
    if (!out.empty() && !out.ends_with(':')) out += ':';
    out += fmt::format("{:x}", groups[i]);
  }
  return out;
}

/// RFC 4291 §2.5.5.2: ::ffff:a.b.c.d.
bool is_mapped(std::string_view octets) {
  constexpr std::string_view kPrefix("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  return octets.size() == kIpv6Octets && octets.starts_with(kPrefix);
}

}  // namespace

std::optional<std::string> parse_ip_text(std::string_view text) {
  if (text.contains(':')) {
    const auto v6 = parse_v6(text);
    if (!v6) return std::nullopt;
    return std::string(unmapped_ip(*v6));
  }
  return parse_v4(text);
}

std::string format_ip(std::string_view octets) {
  octets = unmapped_ip(octets);
  if (octets.size() == kIpv6Octets) return format_v6(octets);
  PH_CHECK(octets.size() == kIpv4Octets);
  return fmt::format("{}.{}.{}.{}", octet(octets[0]), octet(octets[1]), octet(octets[2]),
                     octet(octets[3]));
}

std::string_view unmapped_ip(std::string_view octets) {
  return is_mapped(octets) ? octets.substr(kIpv6Octets - kIpv4Octets) : octets;
}

}  // namespace ph
