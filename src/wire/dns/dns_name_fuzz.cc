// Input: a name as text. Oracles: no crash under ASan and UBSan; what is encoded is within the
// limits of RFC 1035 §2.3.4, and is read back to a text that encodes to the same name but for case.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "wire/dns/name.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace dns = ph::dns;
  const std::string_view typed(reinterpret_cast<const char*>(data), size);
  const auto wire = dns::encode_name(typed);
  const auto normal = dns::normal_name(typed);
  if (normal.has_value() != wire.has_value()) std::abort();
  if (!wire) return 0;
  if (wire->size() > dns::kNameOctetsMax) std::abort();
  std::string_view rest = *wire;
  const auto text = dns::take_name(rest);
  if (!text || !rest.empty()) std::abort();
  if (ph::ascii_lower(dns::encode_name(*text).value()) != ph::ascii_lower(*wire)) std::abort();
  if (*normal != *text || dns::normal_name(*text).value() != *text) std::abort();
  return 0;
}
