// Input: a domain name. Oracles: what becomes ASCII is ASCII within the limits, reads back, and
// becomes the same again; what reads back from any ASCII becomes that again; Punycode that is taken
// is what the same characters are written as, but for the case of letters.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "codec/idna.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace codec = ph::codec;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto ascii = codec::to_ascii_domain(text)) {
    if (ascii->size() > codec::kIdnaDomainOctetsMax) std::abort();
    if (std::ranges::any_of(*ascii, [](char c) { return static_cast<unsigned char>(c) > 0x7f; }))
      std::abort();
    const std::string back = codec::to_unicode_domain(*ascii);
    if (codec::to_ascii_domain(back).value() != *ascii) std::abort();
    if (codec::to_unicode_domain(back) != back && back.find("xn--") == back.npos) std::abort();
  }
  if (const auto points = codec::decode_punycode(text)) {
    const auto again = codec::encode_punycode(*points);
    if (!again) std::abort();
    const bool leading = text.starts_with('-') && text.rfind('-') == 0;  // an empty basic part
    if (!leading && ph::ascii_lower(std::string_view(*again)) != ph::ascii_lower(text)) {
      // Not every encoding is the one that is written; then it is at least read to the same.
      if (codec::decode_punycode(*again).value() != *points) std::abort();
    }
  }
  return 0;
}
