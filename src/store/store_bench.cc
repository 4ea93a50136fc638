// The question: how many 10 KiB messages a second, each a blob and a row in one shared sync?
// Budget: 2.5 times Postfix with 20 sessions (5,400/s) and 4 times with 100 (6,400/s), with room to
// spare.
#include <benchmark/benchmark.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "store/store.h"
#include "store/testing/fake_world.h"

namespace ph::store {
namespace {

/// In the working folder, which is on a disk; /tmp might be memory.
constexpr const char* kFolder = "store_bench.tmp";
constexpr std::size_t kBodyOctets = 10 << 10;

Task<void> writer(Store& store, int number, std::int64_t& budget, std::int64_t& done) {
  for (std::int64_t i = 0; budget > 0; ++i) {
    --budget;
    const std::string key = std::to_string(number) + "." + std::to_string(i);
    auto blob = store.blob(kBodyOctets);
    if (!blob) co_return;
    std::string body(kBodyOctets, 'x');
    auto written = co_await (*blob)->write(std::move(body));
    auto sealed = co_await (*blob)->seal("q/0\t" + key);
    if (!written || !sealed) co_return;
    Batch batch;
    batch.puts.push_back({key, (*blob)->id() + std::string(220, 'e')});
    batch.checks.push_back({key, Check::What::absent, {}});
    auto committed = co_await store.commit("q/" + std::to_string(number % 4), std::move(batch));
    if (committed) ++done;
  }
}

void accept_mail(benchmark::State& state) {
  std::filesystem::remove_all(kFolder);
  testing::FakeWorld fake;
  auto store = open(std::string("file:") + kFolder, "", fake.world);
  if (!store) return state.SkipWithError("cannot open the store");
  std::int64_t done = 0;
  constexpr std::int64_t kMessages = 5000;
  for (auto _ : state) {
    boost::asio::io_context io;
    std::int64_t budget = kMessages;
    for (int w = 0; w < state.range(0); ++w)
      boost::asio::co_spawn(io.get_executor(), writer(**store, w, budget, done),
                            boost::asio::detached);
    io.run();
    state.PauseTiming();
    (*store)->close();
    store->reset();
    std::filesystem::remove_all(kFolder);
    store = open(std::string("file:") + kFolder, "", fake.world);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(done);
  state.SetBytesProcessed(done * static_cast<std::int64_t>(kBodyOctets));
  (*store)->close();
  std::filesystem::remove_all(kFolder);
}
BENCHMARK(accept_mail)
    ->ArgName("writers")
    ->Arg(1)
    ->Arg(20)
    ->Arg(100)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

/// How long a start takes on a store that was left with `messages` in its log.
void open_again(benchmark::State& state) {
  std::filesystem::remove_all(kFolder);
  testing::FakeWorld fake;
  for (auto _ : state) {
    state.PauseTiming();
    {
      auto store = open(std::string("file:") + kFolder, "", fake.world);
      boost::asio::io_context io;
      std::int64_t budget = state.range(0), done = 0;
      for (int w = 0; w < 100; ++w)
        boost::asio::co_spawn(io.get_executor(), writer(**store, w, budget, done),
                              boost::asio::detached);
      io.run();
    }
    state.ResumeTiming();
    auto store = open(std::string("file:") + kFolder, "", fake.world);
    if (!store) return state.SkipWithError("cannot open the store");
    (*store)->close();
  }
  std::filesystem::remove_all(kFolder);
}
BENCHMARK(open_again)
    ->ArgName("messages")
    ->Arg(0)
    ->Arg(3000)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(5);

}  // namespace
}  // namespace ph::store
