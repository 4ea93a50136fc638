// Two questions. What does decoding cost, by how much of the text is escaped? And what does
// converting mail for a 7-bit server cost beside sending it (budget: 10 KiB of text in 50 us, that
// is 200 MB/s, a quarter of what a message costs in all)? Octets of input a second.
#include "codec/quoted_printable.h"
#include "codec/testing/bench.h"

namespace {
namespace codec = ph::codec;
namespace testing = ph::codec::testing;

/// Lines of 70 octets, of which `percent` are not ASCII, here and there.
std::string body(std::int64_t percent, std::int64_t octets) {
  std::string out;
  std::uint32_t seed = 1;
  while (out.size() < static_cast<std::size_t>(octets)) {
    seed = seed * 1664525 + 1013904223;
    if (out.size() % 72 == 70)
      out += "\r\n";
    else
      out += static_cast<std::int64_t>(seed >> 8) % 100 < percent ? '\xe4'
             : (seed >> 8) % 6 == 0                               ? ' '
                                                                  : 'x';
  }
  return out;
}

void cases(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"percent", "octets"});
  for (const int percent : {0, 2, 12, 100})
    for (const int octets : {10 << 10, 1 << 20, 64 << 20}) bench->Args({percent, octets});
}

void encode_quoted_printable(benchmark::State& state) {
  testing::measure(state, body(state.range(0), state.range(1)),
                   [] { return codec::QuotedPrintableEncoder(codec::QuotedPrintable::text); });
}
BENCHMARK(encode_quoted_printable)->Apply(cases);

void decode_quoted_printable(benchmark::State& state) {
  codec::QuotedPrintableEncoder encoder(codec::QuotedPrintable::text);
  const std::string text = testing::run(encoder, body(state.range(0), state.range(1)));
  testing::measure(state, text, [] { return codec::QuotedPrintableDecoder(); });
}
BENCHMARK(decode_quoted_printable)->Apply(cases);
}  // namespace
