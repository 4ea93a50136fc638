// Input: rdata of any record. Oracles: no crash under ASan and UBSan; what is read is written back
// to the same octets but for case, and every address is one.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "base/ip_text.h"
#include "wire/dns/name.h"
#include "wire/dns/rdata.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace dns = ph::dns;
  const std::string_view rdata(reinterpret_cast<const char*>(data), size);
  if (const auto mx = dns::parse_mx(rdata)) {
    const auto written = dns::format_mx(*mx).value();
    if (ph::ascii_lower(written) != ph::ascii_lower(rdata)) std::abort();
    if (dns::parse_mx(written).value() != *mx) std::abort();
  }
  if (const auto name = dns::parse_target(rdata))
    if (ph::ascii_lower(dns::encode_name(*name).value()) != ph::ascii_lower(rdata)) std::abort();
  if (const auto v4 = dns::parse_a(rdata))
    if (ph::parse_ip_text(*v4) != rdata) std::abort();
  if (const auto v6 = dns::parse_aaaa(rdata))
    if (ph::parse_ip_text(*v6) != ph::unmapped_ip(rdata)) std::abort();
  return 0;
}
