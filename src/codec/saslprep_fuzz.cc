// Input: a password. Oracles: what comes out is UTF-8 within the limit, and comes out of itself.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "codec/saslprep.h"
#include "codec/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace codec = ph::codec;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto prepared = codec::saslprep(text);
  if (!prepared) return 0;
  if (prepared->empty() || prepared->size() > codec::kSaslprepOctetsMax) std::abort();
  if (!codec::is_utf8(*prepared)) std::abort();
  const auto again = codec::saslprep(*prepared);
  if (!again || *again != *prepared) std::abort();
  return 0;
}
