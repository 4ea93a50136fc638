// Input: one octet that says where to cut, then a text. Oracles: the decoder's answer does not
// depend on the cut; what is found is where it is said to be, and the search goes on behind it;
// what is encoded is decoded to the same octets, without a fault, in both forms, and is found.
#include "codec/testing/fuzz.h"
#include "codec/uuencode.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace codec = ph::codec;
  using codec::testing::same_at;
  const auto [text, cut] = codec::testing::fuzz_input(data, size);
  codec::UuDecoder decoder;
  if (same_at(decoder, text, cut).out.size() > text.size() + codec::kTextLineKeptOctetsMax) {
    if (text.size() > codec::kTextLineKeptOctetsMax) std::abort();
  }
  std::string_view rest = text;
  while (const auto found = codec::find_uuencoded(rest)) {
    if (found->begin >= found->end || found->end > rest.size()) std::abort();
    const auto file = rest.substr(found->begin, found->end - found->begin);
    same_at(decoder, file, cut < file.size() ? cut : 0);
    if (decoder.file() != found->file || decoder.ended() != found->whole) std::abort();
    rest.remove_prefix(found->end);
  }
  for (const bool base64 : {false, true}) {
    const codec::UuFile file = {"a name", 0640, base64};
    codec::UuEncoder encoder(file);
    const std::string encoded = same_at(encoder, text, cut).out;
    if (same_at(decoder, encoded, cut) != codec::testing::Fuzzed{std::string(text), {}})
      std::abort();
    if (decoder.file() != file || !decoder.ended()) std::abort();
    const auto found = codec::find_uuencoded(encoded);
    if (!text.empty() && (!found || found->end != encoded.size() || !found->whole)) std::abort();
  }
  return 0;
}
