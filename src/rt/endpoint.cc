#include "rt/endpoint.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/decimal.h"
#include "base/ip_text.h"

namespace ph::rt {
namespace {

/// 4 or 16 octets.
IpAddress ip_of(std::string_view octets) {
  IpAddress ip;
  ip.v6 = octets.size() == kIpv6Octets;
  std::ranges::copy(octets, ip.octets.begin());
  return ip;
}

std::string octets_of(const IpAddress& ip) {
  const auto count = static_cast<std::ptrdiff_t>(ip.v6 ? kIpv6Octets : kIpv4Octets);
  return {ip.octets.begin(), ip.octets.begin() + count};
}

}  // namespace

IpAddress ip_from_v6(const std::array<std::uint8_t, 16>& octets) {
  return ip_of(unmapped_ip({reinterpret_cast<const char*>(octets.data()), octets.size()}));
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

std::string to_string(const IpAddress& ip) { return format_ip(octets_of(ip)); }

std::string to_string(const Endpoint& endpoint) {
  const char* form = endpoint.ip.v6 ? "[{}]:{}" : "{}:{}";
  return fmt::format(fmt::runtime(form), to_string(endpoint.ip), endpoint.port);
}

std::string address_literal(const IpAddress& ip) {
  return (ip.v6 ? "[IPv6:" : "[") + to_string(ip) + "]";
}

Result<IpAddress> parse_ip(std::string_view text) {
  if (const auto octets = parse_ip_text(text)) return ip_of(*octets);
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
