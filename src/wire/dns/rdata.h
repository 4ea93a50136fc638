// The data of DNS records, between their form in messages and values. What is parsed is exactly one
// record's rdata: octets too many or too few are malformed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::dns {

/// RFC 1035 §3.3.9.
struct Mx {
  std::uint16_t preference = 0;  // the lowest is tried first
  std::string exchange;  // as take_name() gives it; ".": the domain takes no mail, RFC 7505 §3
  bool operator==(const Mx&) const = default;
};
Result<Mx> parse_mx(std::string_view rdata);
/// malformed or over_limit: the exchange is no name.
Result<std::string> format_mx(const Mx& mx);

/// A and AAAA: "192.0.2.1", "2001:db8::1" (RFC 5952 §4); an IPv4-mapped AAAA gives the IPv4 text.
/// RFC 1035 §3.4.1, RFC 3596 §2.2.
Result<std::string> parse_a(std::string_view rdata);
Result<std::string> parse_aaaa(std::string_view rdata);

/// CNAME, NS and PTR: one name. RFC 1035 §3.3.1.
Result<std::string> parse_target(std::string_view rdata);

}  // namespace ph::dns
