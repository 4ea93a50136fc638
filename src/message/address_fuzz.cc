// Input: an address. Oracles: what is parsed is written and parsed again to the same value, never
// longer than it came; taking it off a longer text gives the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "message/address.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace message = ph::message;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto address = message::parse_address(text);
  if (!address) return 0;
  const std::string written = message::to_string(*address);
  if (written.size() > text.size()) std::abort();
  if (message::parse_address(written).value() != *address) std::abort();
  if (written != message::to_string(message::parse_address(written).value())) std::abort();
  const std::string longer = std::string(text) + ">";
  std::string_view rest = longer;
  if (message::take_address(rest).value() != *address || rest != ">") std::abort();
  return 0;
}
