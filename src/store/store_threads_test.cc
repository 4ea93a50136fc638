// Many executors at once on one store.
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <thread>

#include "store/file_engine.h"
#include "store/testing/lab.h"

namespace ph::store::testing {
namespace {

constexpr int kThreads = 4, kSessions = 8, kRounds = 15;

struct Counts {
  std::atomic<int> done{0}, wrong_thread{0}, failed{0};
};

/// Adds one to a shared counter row by optimistic commits, with a blob each time, and reads it
/// back.
Task<void> session(Store& store, Counts& counts, std::thread::id home, int number) {
  const std::string key = "s" + std::to_string(number);
  for (int round = 0; round < kRounds; ++round) {
    const std::string body(static_cast<std::size_t>(number * 977 + round), 'b');
    auto id = co_await write_blob(store, body, "p\t" + key);
    for (bool committed = false; id && !committed;) {
      std::vector<std::string> keys{"counter"};
      auto rows = co_await store.get("p", std::move(keys));
      if (!rows) break;
      Batch batch = put(key, *id);
      const bool first = rows->empty();
      batch.checks.push_back({"counter", first ? Check::What::absent : Check::What::version,
                              first ? Version() : rows->front().version});
      const int count = first ? 0 : std::stoi(rows->front().value);
      batch.puts.push_back({"counter", std::to_string(count + 1)});
      auto done = co_await store.commit("p", std::move(batch));
      committed = done.has_value();
      if (!done && done.error().kind != Kind::conflict) break;
    }
    auto read = id ? co_await store.read(*id, 0, SIZE_MAX) : Result<std::string>("");
    if (!read || *read != body) ++counts.failed;
    if (std::this_thread::get_id() != home) ++counts.wrong_thread;
  }
  ++counts.done;
}

class StoreThreads : public ::testing::TestWithParam<const char*> {};

TEST_P(StoreThreads, EveryIncrementCounts) {
  Lab lab(GetParam());
  lab.fake.workers.on_threads = true;
  Counts counts;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      boost::asio::io_context io;
      for (int s = 0; s < kSessions; ++s)
        boost::asio::co_spawn(
            io.get_executor(),
            session(lab.store(), counts, std::this_thread::get_id(), t * kSessions + s),
            boost::asio::detached);
      io.run();
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counts.done, kThreads * kSessions);
  EXPECT_EQ(counts.failed, 0);
  EXPECT_EQ(counts.wrong_thread, 0) << "a coroutine goes on on its own executor";
  const auto rows = lab.run(lab.store().get("p", {"counter"}));
  EXPECT_EQ(rows->front().value, std::to_string(kThreads * kSessions * kRounds));
}

INSTANTIATE_TEST_SUITE_P(Engines, StoreThreads, ::testing::Values("memory", "file"),
                         [](const auto& test) { return std::string(test.param); });

Task<void> write_big(Store& store, std::size_t octets, bool& ok) {
  auto writer = store.blob(octets);
  for (std::size_t at = 0; at < octets; at += 100000) {
    std::string piece(100000, static_cast<char>(at >> 10));
    auto written = co_await (*writer)->write(std::move(piece));
    if (!written) co_return;
  }
  auto sealed = co_await (*writer)->seal("p\tbig");
  ok = sealed.has_value();
}

// More than the queue holds: writers wait, nothing is refused, memory stays bounded.
TEST(BackPressure, WritersWaitForTheDisk) {
  Lab lab("file");
  constexpr int kWriters = 8;
  constexpr std::size_t kOctets = 6000000;
  static_assert(kWriters * kOctets > Committer::kQueuedOctetsSoft * 2);
  std::array<bool, kWriters> ok{};
  for (bool& one : ok)
    boost::asio::co_spawn(lab.io.get_executor(), write_big(lab.store(), kOctets, one),
                          boost::asio::detached);
  lab.io.run();
  for (const bool one : ok) EXPECT_TRUE(one);
}

}  // namespace
}  // namespace ph::store::testing
