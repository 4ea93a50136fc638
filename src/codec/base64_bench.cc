// The question: is a body in base64 taken, and written, about as fast as memory is copied? Octets
// of input a second, in MIME lines, with each kernel; memcpy beside them.
#include <cstring>

#include "codec/base64.h"
#include "codec/testing/bench.h"

namespace {
namespace codec = ph::codec;
namespace testing = ph::codec::testing;

std::size_t octets(const benchmark::State& state) {
  return static_cast<std::size_t>(state.range(0));
}

void copy(benchmark::State& state) {
  const std::string in = testing::bench_octets(octets(state));
  std::string out(in.size(), 'x');
  for (auto _ : state) {
    std::memcpy(out.data(), in.data(), in.size());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(in.size()) * state.iterations());
}
BENCHMARK(copy)->Apply(testing::sizes);

void encode_base64(benchmark::State& state, const codec::Base64Kernels* kernels) {
  if (kernels == nullptr) return state.SkipWithError("no AVX2 here");
  testing::measure(state, testing::bench_octets(octets(state)),
                   [=] { return codec::Base64Encoder(*kernels); });
}
BENCHMARK_CAPTURE(encode_base64, avx2, codec::avx2_base64_kernels())->Apply(testing::sizes);
BENCHMARK_CAPTURE(encode_base64, portable, &codec::portable_base64_kernels())
    ->Apply(testing::sizes);

void decode_base64(benchmark::State& state, const codec::Base64Kernels* kernels) {
  if (kernels == nullptr) return state.SkipWithError("no AVX2 here");
  codec::Base64Encoder encoder;
  const std::string text = testing::run(encoder, testing::bench_octets(octets(state) / 78 * 57));
  testing::measure(state, text, [=] { return codec::Base64Decoder(*kernels); });
}
BENCHMARK_CAPTURE(decode_base64, avx2, codec::avx2_base64_kernels())->Apply(testing::sizes);
BENCHMARK_CAPTURE(decode_base64, portable, &codec::portable_base64_kernels())
    ->Apply(testing::sizes);

/// Without line breaks: what the strict functions take and give.
void decode_base64_strict(benchmark::State& state) {
  const std::string text = codec::encode_base64(testing::bench_octets(octets(state) / 4 * 3));
  for (auto _ : state) benchmark::DoNotOptimize(codec::decode_base64(text));
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}
BENCHMARK(decode_base64_strict)->Apply(testing::sizes);
}  // namespace
