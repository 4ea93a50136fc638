#include "rt/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/ascii.h"

namespace ph::rt {
namespace {

constexpr std::size_t kV4Octets = 4;
constexpr std::size_t kV6Octets = 16;
constexpr std::size_t kV6Groups = 8;

/// A decimal number without sign, spaces or leading zeros; nullopt above `max`.
std::optional<std::uint32_t> parse_decimal(std::string_view text, std::uint32_t max) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
    if (value > max) return std::nullopt;
  }
  return value;
}

/// Four decimal octets; no leading zeros, which some readers take for octal (RFC 6943 §3.1.1).
std::optional<std::array<std::uint8_t, kV4Octets>> parse_v4(std::string_view text) {
  std::array<std::uint8_t, kV4Octets> out{};
  for (std::size_t i = 0; i < kV4Octets; ++i) {
    const auto dot = text.find('.');
    const bool last = i + 1 == kV4Octets;
    if (last != (dot == std::string_view::npos)) return std::nullopt;
    const auto octet = parse_decimal(text.substr(0, dot), 255);
    if (!octet) return std::nullopt;
    out[i] = static_cast<std::uint8_t>(*octet);
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
    if (out.size() >= kV6Octets) return std::nullopt;
    const auto colon = text.find(':');
    const auto group = text.substr(0, colon);
    if (colon == std::string_view::npos && may_end_dotted && group.contains('.')) {
      const auto v4 = parse_v4(group);
      if (!v4) return std::nullopt;
      for (const std::uint8_t octet : *v4) out.push_back(static_cast<char>(octet));
      return out;
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

std::optional<std::array<std::uint8_t, kV6Octets>> parse_v6(std::string_view text) {
  std::string octets;
  const auto gap = text.find("::");
  if (gap == std::string_view::npos) {
    const auto all = parse_groups(text, true);
    if (!all || all->size() != kV6Octets) return std::nullopt;
    octets = *all;
  } else {
    const auto head = parse_groups(text.substr(0, gap), false);
    const auto tail = parse_groups(text.substr(gap + 2), true);
    if (!head || !tail || head->size() + tail->size() > kV6Octets - 2) return std::nullopt;
    octets = *head + std::string(kV6Octets - head->size() - tail->size(), '\0') + *tail;
  }
  std::array<std::uint8_t, kV6Octets> out{};
  std::ranges::transform(octets, out.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
  return out;
}

std::string format_v6(const IpAddress& ip) {
  std::array<unsigned, kV6Groups> groups{};
  for (std::size_t i = 0; i < kV6Groups; ++i)
    groups[i] = static_cast<unsigned>(ip.octets[2 * i] << 8 | ip.octets[2 * i + 1]);
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
bool is_mapped(const std::array<std::uint8_t, kV6Octets>& octets) {
  return std::ranges::all_of(octets.begin(), octets.begin() + 10, [](auto o) { return o == 0; }) &&
         octets[10] == 0xff && octets[11] == 0xff;
}

}  // namespace

IpAddress ip_from_v6(const std::array<std::uint8_t, 16>& octets) {
  if (!is_mapped(octets)) return {octets, true};
  IpAddress v4;
  std::ranges::copy(octets.begin() + 12, octets.end(), v4.octets.begin());
  return v4;
}

bool IpAddress::is_loopback() const {
  if (!v6) return octets[0] == 127;
  constexpr std::array<std::uint8_t, 16> one{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return octets == one;
}

bool Network::contains(const IpAddress& ip) const {
  if (ip.v6 != address.v6) return false;
  const std::size_t whole = prefix_bits / 8;
  const unsigned rest = prefix_bits % 8;
  if (!std::equal(ip.octets.begin(), ip.octets.begin() + static_cast<std::ptrdiff_t>(whole),
                  address.octets.begin()))
    return false;
  return rest == 0 || (ip.octets[whole] >> (8 - rest)) == (address.octets[whole] >> (8 - rest));
}

std::string to_string(const IpAddress& ip) {
  if (ip.v6) return format_v6(ip);
  return fmt::format("{}.{}.{}.{}", ip.octets[0], ip.octets[1], ip.octets[2], ip.octets[3]);
}

std::string to_string(const Endpoint& endpoint) {
  const char* form = endpoint.ip.v6 ? "[{}]:{}" : "{}:{}";
  return fmt::format(fmt::runtime(form), to_string(endpoint.ip), endpoint.port);
}

std::string address_literal(const IpAddress& ip) {
  return (ip.v6 ? "[IPv6:" : "[") + to_string(ip) + "]";
}

Result<IpAddress> parse_ip(std::string_view text) {
  if (text.contains(':')) {
    if (const auto v6 = parse_v6(text)) return ip_from_v6(*v6);
  } else if (const auto v4 = parse_v4(text)) {
    IpAddress ip;
    std::ranges::copy(*v4, ip.octets.begin());
    return ip;
  }
  return fail(Kind::malformed, "not an IP address", std::string(text));
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return fail(Kind::malformed, "not an endpoint: the port is missing", std::string(text));
  auto host = text.substr(0, colon);
  const auto port = parse_decimal(text.substr(colon + 1), 65535);
  if (!port) return fail(Kind::malformed, "not a port number", std::string(text));
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (bracketed != host.contains(':'))
    return fail(Kind::malformed, "an IPv6 address stands in brackets here, an IPv4 one does not",
                std::string(text));
  PH_TRY(const IpAddress ip, parse_ip(host));
  return Endpoint{ip, static_cast<std::uint16_t>(*port)};
}

Result<Network> parse_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto host = text.substr(0, slash);
  PH_TRY(const IpAddress ip, parse_ip(host));
  const std::uint32_t bits_max = ip.v6 ? 128 : 32;
  Network network{ip, static_cast<std::uint8_t>(bits_max)};
  if (slash == std::string_view::npos) return network;
  // The prefix of a mapped address counts from the front of the IPv6 form.
  const bool mapped = !ip.v6 && host.contains(':');
  const auto bits = parse_decimal(text.substr(slash + 1), mapped ? 128 : bits_max);
  if (!bits || (mapped && *bits < 96))
    return fail(Kind::malformed, "not a network prefix", std::string(text));
  network.prefix_bits = static_cast<std::uint8_t>(mapped ? *bits - 96 : *bits);
  return network;
}

}  // namespace ph::rt
