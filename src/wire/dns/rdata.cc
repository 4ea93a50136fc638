#include "wire/dns/rdata.h"

#include "base/ip_text.h"
#include "wire/dns/name.h"

namespace ph::dns {

Result<Mx> parse_mx(std::string_view rdata) {
  if (rdata.size() < 2) return fail(Kind::malformed, "an MX record is cut short");
  Mx mx;
  mx.preference = static_cast<std::uint16_t>(static_cast<std::uint8_t>(rdata[0]) << 8 |
                                             static_cast<std::uint8_t>(rdata[1]));
  PH_TRY(mx.exchange, parse_target(rdata.substr(2)));
  return mx;
}

Result<std::string> format_mx(const Mx& mx) {
  PH_TRY(const std::string exchange, encode_name(mx.exchange));
  std::string rdata{static_cast<char>(mx.preference >> 8), static_cast<char>(mx.preference & 0xff)};
  return rdata + exchange;
}

Result<std::string> parse_a(std::string_view rdata) {
  if (rdata.size() != kIpv4Octets) return fail(Kind::malformed, "an A record has not 4 octets");
  return format_ip(rdata);
}

Result<std::string> parse_aaaa(std::string_view rdata) {
  if (rdata.size() != kIpv6Octets) return fail(Kind::malformed, "an AAAA record has not 16 octets");
  return format_ip(rdata);
}

Result<std::string> parse_target(std::string_view rdata) {
  PH_TRY(std::string name, take_name(rdata));
  if (!rdata.empty()) return fail(Kind::malformed, "octets follow the name in a record");
  return name;
}

}  // namespace ph::dns
