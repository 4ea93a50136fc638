// Where a connection goes to or comes from: an IP address and a port. Not a mail address.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::rt {

/// An IPv4 or IPv6 address. IPv4-mapped IPv6 addresses are stored as IPv4, so that one host has one
/// form in limits, events and trusted networks.
struct IpAddress {
  std::array<std::uint8_t, 16> octets{};  // IPv4: the first four
  bool v6 = false;

  bool operator==(const IpAddress&) const = default;
  auto operator<=>(const IpAddress&) const = default;
  bool is_loopback() const;
};

/// From the sixteen octets of an IPv6 address as the system gives them; a mapped one becomes IPv4.
IpAddress ip_from_v6(const std::array<std::uint8_t, 16>& octets);

/// An IPv4 or IPv6 network, e.g. "10.0.0.0/8" or "::1".
struct Network {
  IpAddress address;
  std::uint8_t prefix_bits = 0;
  bool contains(const IpAddress& ip) const;
};

struct Endpoint {
  IpAddress ip;
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
  auto operator<=>(const Endpoint&) const = default;
};

/// "127.0.0.1", "::1" (RFC 5952 form).
std::string to_string(const IpAddress& ip);
/// "127.0.0.1:25", "[::1]:25".
std::string to_string(const Endpoint& endpoint);
/// RFC 5321 §4.1.3: "[127.0.0.1]", "[IPv6:::1]".
std::string address_literal(const IpAddress& ip);

Result<IpAddress> parse_ip(std::string_view text);       // malformed
Result<Endpoint> parse_endpoint(std::string_view text);  // malformed; "host:port", "[v6]:port"
Result<Network> parse_network(std::string_view text);    // malformed

}  // namespace ph::rt
