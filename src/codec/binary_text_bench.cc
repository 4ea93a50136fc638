// The question: do the older codings cost anything beside reading the mail they come in? Octets of
// input a second.
#include "codec/binhex.h"
#include "codec/testing/bench.h"
#include "codec/uuencode.h"
#include "codec/yenc.h"

namespace {
namespace codec = ph::codec;
namespace testing = ph::codec::testing;

std::string octets(const benchmark::State& state) {
  return testing::bench_octets(static_cast<std::size_t>(state.range(0)));
}

template <class Encoder, class Decoder, class File>
void decode(benchmark::State& state, File file) {
  Encoder encoder(file);
  testing::measure(state, testing::run(encoder, octets(state)), [] { return Decoder(); });
}

template <class Encoder, class File>
void encode(benchmark::State& state, File file) {
  testing::measure(state, octets(state), [&file] { return Encoder(file); });
}

void encode_uuencode(benchmark::State& state) {
  encode<codec::UuEncoder>(state, codec::UuFile{"name"});
}
void decode_uuencode(benchmark::State& state) {
  decode<codec::UuEncoder, codec::UuDecoder>(state, codec::UuFile{"name"});
}
void encode_yenc(benchmark::State& state) {
  encode<codec::YencEncoder>(state, codec::YencPart{.name = "name"});
}
void decode_yenc(benchmark::State& state) {
  decode<codec::YencEncoder, codec::YencDecoder>(state, codec::YencPart{.name = "name"});
}
void encode_binhex(benchmark::State& state) {
  encode<codec::BinHexEncoder>(state, codec::BinHexFile{.name = "name"});
}
void decode_binhex(benchmark::State& state) {
  decode<codec::BinHexEncoder, codec::BinHexDecoder>(state, codec::BinHexFile{.name = "name"});
}
BENCHMARK(encode_uuencode)->Apply(testing::sizes);
BENCHMARK(decode_uuencode)->Apply(testing::sizes);
BENCHMARK(encode_yenc)->Apply(testing::sizes);
BENCHMARK(decode_yenc)->Apply(testing::sizes);
BENCHMARK(encode_binhex)->Apply(testing::sizes);
BENCHMARK(decode_binhex)->Apply(testing::sizes);
}  // namespace
