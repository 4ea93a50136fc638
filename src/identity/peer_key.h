// One name for what one host, or one customer's network, connects from.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "rt/endpoint.h"

namespace ph::identity {

/// The form in which peers are counted: an IPv4 address; of an IPv6 address its /64, because one
/// host has that many to change between. Text that is no address counts as itself.
inline std::string peer_key(std::string_view ip) {
  auto parsed = rt::parse_ip(ip);
  if (!parsed) return std::string(ip);
  if (!parsed->v6) return rt::to_string(*parsed);
  std::ranges::fill(parsed->octets.begin() + 8, parsed->octets.end(), std::uint8_t{0});
  return rt::to_string(*parsed) + "/64";
}

}  // namespace ph::identity
