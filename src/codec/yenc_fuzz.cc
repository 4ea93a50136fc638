// Input: one octet that says where to cut, then a text. Oracles: the decoder's answer does not
// depend on the cut, and does not grow; what is found is where it is said to be; what is encoded,
// whole or as a part, is decoded to the same octets, without a fault, and is found.
#include "codec/testing/fuzz.h"
#include "codec/yenc.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace codec = ph::codec;
  using codec::testing::same_at;
  const auto [text, cut] = codec::testing::fuzz_input(data, size);
  codec::YencDecoder decoder;
  if (same_at(decoder, text, cut).out.size() > text.size()) std::abort();
  std::string_view rest = text;
  while (const auto found = codec::find_yenc(rest)) {
    if (found->begin >= found->end || found->end > rest.size()) std::abort();
    const auto file = rest.substr(found->begin, found->end - found->begin);
    same_at(decoder, file, cut < file.size() ? cut : 0);
    if (!decoder.part() || decoder.part()->name != found->part.name) std::abort();
    rest.remove_prefix(found->end);
  }
  const std::size_t line_octets = cut % 997 + 1;
  for (const std::uint64_t part : {0u, 2u}) {
    codec::YencEncoder encoder(codec::YencPart{.name = "a name",
                                               .file_octets = text.size() + 100,
                                               .part = part,
                                               .total = 2,
                                               .begin = 100,
                                               .line_octets = line_octets});
    const std::string encoded = same_at(encoder, text, cut).out;
    if (same_at(decoder, encoded, cut) != codec::testing::Fuzzed{std::string(text), {}})
      std::abort();
    const auto found = codec::find_yenc(encoded);
    if (!found || found->end != encoded.size() || !found->whole) std::abort();
  }
  return 0;
}
