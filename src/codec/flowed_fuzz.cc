// Input: an octet that picks DelSp and where to cut, then text. Oracles: both ways the same at any
// cut, and not much larger; what was decoded from encoded text stays the same from then on.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "codec/flowed.h"
#include "codec/testing/stream_run.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace codec = ph::codec;
  using codec::testing::run;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool delsp = data[0] % 2 == 1;
  const std::size_t cut = (data[0] / 2) % (text.size() + 1);
  codec::FlowedDecoder decoder(delsp);
  codec::FlowedEncoder encoder(delsp);
  const auto decoded = run(decoder, text);
  if (run(decoder, text, cut) != decoded || decoded.out.size() > text.size() * 2 + 2) std::abort();
  const auto encoded = run(encoder, text);
  // Quote marks stand before every line: at most 65 octets to 12 of text, and 3 for an octet.
  if (run(encoder, text, cut) != encoded || encoded.out.size() > text.size() * 20 + 80)
    std::abort();
  const auto once = run(decoder, encoded.out);
  if (once.faults.count() > 0) std::abort();
  if (run(decoder, run(encoder, once.out).out).out != once.out) std::abort();
  return 0;
}
