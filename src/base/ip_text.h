// IP addresses between text and octets. rt::IpAddress is the type that sockets know; rooms below rt
// keep addresses as text in the form of format_ip().
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ph {

inline constexpr std::size_t kIpv4Octets = 4;
inline constexpr std::size_t kIpv6Octets = 16;

/// The 4 or 16 octets of an address written as text; an IPv4-mapped IPv6 address (RFC 4291
/// §2.5.5.2) gives the 4, so that one host has one form. nullopt: not an address.
std::optional<std::string> parse_ip_text(std::string_view text);

/// "192.0.2.1", "2001:db8::1" (RFC 5952 §4).
///   octets  4 or 16; of a mapped address too the form is that of IPv4
std::string format_ip(std::string_view octets);

/// The last 4 octets of a mapped IPv6 address, else `octets` as they are. Aliases `octets`.
std::string_view unmapped_ip(std::string_view octets);

}  // namespace ph
