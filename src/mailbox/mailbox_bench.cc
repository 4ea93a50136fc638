// The question: how many deliveries a second into 20 mailboxes on disk, each its own row and
// marker, many in one sync? Budget: far above 2,200/s (6 times Postfix and Dovecot beside us),
// because the rest of a message's way has to fit in, too.
#include <benchmark/benchmark.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "mailbox/mailbox.h"
#include "rt/os/world.h"

namespace ph::mailbox {
namespace {

/// In the working folder, which is on a disk; /tmp might be memory.
constexpr const char* kFolder = "mailbox_bench.tmp";
constexpr int kMailboxes = 20;
constexpr std::int64_t kMessages = 4000;
constexpr std::size_t kBodyOctets = 10 << 10;

class QuietLog final : public rt::Log {
 public:
  void write(rt::Level, std::string_view, std::vector<rt::LogField>) override {}
};

struct Bench {
  store::Store& store;
  rt::World& world;
  Mailboxes& mailboxes;
  std::int64_t begun = 0, done = 0;
};

Task<void> call(Bench* bench, std::string blob) {
  while (bench->begun < kMessages) {
    const std::int64_t number = bench->begun++;
    Delivery delivery;
    delivery.account = "a" + std::to_string(number % kMailboxes);
    delivery.once = "Q" + std::to_string(number);
    delivery.once_day = day_of(bench->world.clock.wall());
    delivery.queue_id = "000000000000000" + std::to_string(number % 10);
    delivery.blob = blob;
    delivery.blob_octets = kBodyOctets;
    delivery.prefix.assign(350, 'x');
    delivery.message_id = std::to_string(number) + "@example.test";
    delivery.internal_date = bench->world.clock.wall();
    const rt::Instant deadline = bench->world.clock.now() + std::chrono::seconds(30);
    const auto done = co_await bench->mailboxes.deliver(std::move(delivery), deadline);
    if (done) ++bench->done;
  }
}

Task<void> begin(Bench* bench, std::int64_t callers, rt::Executor executor) {
  auto writer = bench->store.blob(kBodyOctets);
  if (!writer) co_return;
  std::string body(kBodyOctets, 'b');
  const auto written = co_await (*writer)->write(std::move(body));
  const auto sealed = co_await (*writer)->seal("q/0\tm");
  if (!written || !sealed) co_return;
  for (std::int64_t i = 0; i < callers; ++i) rt::spawn(executor, call(bench, (*writer)->id()));
}

void deliver(benchmark::State& state) {
  QuietLog log;
  rt::os::OsWorld world(log);
  std::int64_t done = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::filesystem::remove_all(kFolder);
    auto store = store::open(std::string("file:") + kFolder, "", world);
    if (!store) return state.SkipWithError("cannot open the store");
    auto mailboxes = make_mailboxes(**store, world);
    Bench bench{**store, world, *mailboxes};
    boost::asio::io_context io;
    rt::spawn(io.get_executor(), begin(&bench, state.range(0), io.get_executor()));
    state.ResumeTiming();
    io.run();
    state.PauseTiming();
    done += bench.done;
    mailboxes.reset();
    (*store)->close();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(done);
  std::filesystem::remove_all(kFolder);
}
BENCHMARK(deliver)
    ->ArgName("callers")
    ->Arg(1)
    ->Arg(20)
    ->Arg(100)
    ->UseRealTime()
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ph::mailbox
