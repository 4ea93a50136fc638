// Input: one octet that says where to cut, then a text. Oracles: the decoder's answer does not
// depend on the cut, and grows no more than runs can; what is found is where it is said to be; what
// is encoded is decoded to the same octets, in both forks, without a fault, and is found.
#include "codec/binhex.h"
#include "codec/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace codec = ph::codec;
  using codec::testing::same_at;
  const auto [text, cut] = codec::testing::fuzz_input(data, size);
  codec::BinHexDecoder decoder, resource(codec::BinHexFork::resource);
  if (same_at(decoder, text, cut).out.size() + same_at(resource, text, cut).out.size() >
      text.size() * 96)
    std::abort();
  std::string_view rest = text;
  while (const auto found = codec::find_binhex(rest)) {
    if (found->begin >= found->end || found->end > rest.size()) std::abort();
    rest.remove_prefix(found->end);
  }
  const std::string fork(text.substr(0, cut));
  codec::BinHexEncoder encoder({.name = "a name", .resource = fork});
  const std::string encoded = same_at(encoder, text, cut).out;
  if (same_at(decoder, encoded, cut) != codec::testing::Fuzzed{std::string(text), {}}) std::abort();
  if (same_at(resource, encoded, cut) != codec::testing::Fuzzed{fork, {}}) std::abort();
  const auto found = codec::find_binhex(encoded);
  if (!found || found->end != encoded.size() || !found->whole || found->name != "a name")
    std::abort();
  return 0;
}
