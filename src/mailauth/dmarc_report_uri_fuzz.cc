// Input: one URI of rua=. Oracles: no crash; what is read has a domain and a limit below 2^60, and
// no control characters; a scheme in capitals and a "?" with what follows it change nothing; what
// was read, written with every octet escaped and its limit in octets, is read as the same.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mailauth/dmarc_destinations.h"

namespace {

void require(bool fine) {
  if (!fine) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t octets) {
  using namespace ph::mailauth;
  const std::string_view text(reinterpret_cast<const char*>(data), octets);
  const auto uri = parse_dmarc_report_uri(text);
  if (!uri) return 0;
  require(!uri->address.domain.empty() && uri->octets_max.value_or(0) <= std::uint64_t{1} << 60);
  const std::string address = ph::message::to_string(uri->address);
  for (const char c : address) require(static_cast<unsigned char>(c) >= ' ' && c != '\x7f');

  const std::string_view behind = text.substr(text.find(':') + 1);
  require(parse_dmarc_report_uri("MailTo:" + std::string(behind)) == *uri);
  const auto mark = std::min(behind.find('!'), behind.size());
  require(parse_dmarc_report_uri(fmt::format("mailto:{}?subject=x{}", behind.substr(0, mark),
                                             behind.substr(mark))) == *uri);
  std::string written = "mailto:";
  for (const char c : address) written += fmt::format("%{:02x}", static_cast<unsigned char>(c));
  if (uri->octets_max) written += fmt::format("!{}", *uri->octets_max);
  require(parse_dmarc_report_uri(written) == *uri);
  return 0;
}
