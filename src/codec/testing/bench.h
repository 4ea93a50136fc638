// What the benchmarks of codings share: how a stream is driven, and sizes from cache to memory.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "codec/stream.h"

namespace ph::codec::testing {

inline std::string bench_octets(std::size_t octets) {
  std::string out;
  for (std::uint32_t seed = 1; out.size() < octets;) {
    seed = seed * 1664525 + 1013904223;
    out.push_back(static_cast<char>(seed >> 24));
  }
  return out;
}

inline std::string run(Stream& stream, std::string_view in) {
  std::string out;
  stream.feed(in, out);
  stream.finish(out);
  return out;
}

/// One run of the stream a round, all of `in` at once, the output's memory used again.
template <class Make>
void measure(benchmark::State& state, std::string_view in, Make make) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    auto stream = make();
    stream.feed(in, out);
    stream.finish(out);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(in.size()) * state.iterations());
}

inline void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgName("octets")->Arg(10 << 10)->Arg(1 << 20)->Arg(64 << 20);
}

}  // namespace ph::codec::testing
