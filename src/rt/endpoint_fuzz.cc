// Input: the text of an address, an endpoint or a network. Oracles: no crash under ASan and UBSan,
// and what is written is read back as the same.
#include <cstdlib>

#include "rt/endpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto ip = ph::rt::parse_ip(text))
    if (ph::rt::parse_ip(ph::rt::to_string(*ip)) != *ip) std::abort();
  if (const auto endpoint = ph::rt::parse_endpoint(text))
    if (ph::rt::parse_endpoint(ph::rt::to_string(*endpoint)) != *endpoint) std::abort();
  if (const auto network = ph::rt::parse_network(text))
    if (!network->contains(network->address)) std::abort();
  return 0;
}
