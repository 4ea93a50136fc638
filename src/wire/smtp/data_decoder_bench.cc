// The question: what share of a core does un-stuffing take at 1 Gbit/s? Budget: < 10 %.
#include <benchmark/benchmark.h>

#include <span>
#include <string>

#include "wire/smtp/data_decoder.h"

static void decode_text(benchmark::State& state) {
  std::string wire;
  const std::string line(static_cast<std::size_t>(state.range(0)), 'x');
  while (wire.size() < 64 * 1024) wire += line + "\r\n";
  for (auto _ : state) {
    ph::smtp::DataDecoder decoder;
    auto slice = decoder.next(std::span<const char>(wire));
    benchmark::DoNotOptimize(slice);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(wire.size()) * state.iterations());
}
BENCHMARK(decode_text)->ArgName("line_octets")->Arg(0)->Arg(76)->Arg(996);
