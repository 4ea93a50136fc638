// A listener on several real threads: what drain() and close_all() promise "from any thread".
#include "net/listener.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "net/testing/worlds.h"
#include "rt/os/event_loops.h"
#include "sim/world.h"

namespace ph::net {
namespace {

using namespace std::chrono_literals;

/// Answers each octet with itself until the peer goes or the server drains; then says '!'.
Task<void> echo(Connection& peer, rt::World& world) {  // NOLINT: lent
  for (;;) {
    const auto more = co_await peer.receive(world.clock.now() + 30s);
    if (!more) {
      if (more.error().kind == Kind::unavailable)
        static_cast<void>(co_await peer.send("!", world.clock.now() + 1s));
      co_return;
    }
    std::string octets(peer.input());
    peer.consume(octets.size());
    if (!co_await peer.send(std::move(octets), world.clock.now() + 30s)) co_return;
  }
}

struct Counts {
  std::atomic<int> answered = 0, said_goodbye = 0, gone = 0;
};

Task<void> talk(rt::World& world, rt::Endpoint to, Counts& counts) {  // NOLINT: lent
  auto stream = co_await world.net.connect(to, world.clock.now() + 30s);
  if (stream) {
    Connection peer(std::move(*stream));
    std::string all;
    [[maybe_unused]] const auto sent = co_await peer.send("x", world.clock.now() + 30s);
    while (co_await peer.receive(world.clock.now() + 30s)) {
      if (all.empty()) ++counts.answered;
      all += peer.input();
      peer.consume(peer.input().size());
    }
    if (all == "x!") ++counts.said_goodbye;
  }
  ++counts.gone;
}

class ListenerTest : public ::testing::Test {
 protected:
  bool eventually(const std::function<bool()>& true_soon) { return worlds_.run_until(true_soon); }

  net::testing::OsWorlds worlds_;  // its own loop only waits for what happens on the others
  rt::World& world_ = worlds_.world();
  rt::os::EventLoops loops_{3};
};

TEST_F(ListenerTest, ServesOnEveryThreadAndDrainsFromAny) {
  constexpr int kPeers = 60;
  std::mutex mutex;
  std::set<std::thread::id> threads;
  auto listener = *Listener::open(world_, loops_.executors(), *rt::parse_endpoint("127.0.0.1:0"),
                                  [&](Connection& peer) {
                                    const std::lock_guard lock(mutex);
                                    threads.insert(std::this_thread::get_id());
                                    return echo(peer, world_);
                                  });
  loops_.run();
  Counts counts;
  const auto executors = loops_.executors();
  for (int i = 0; i < kPeers; ++i)
    rt::spawn(executors[static_cast<std::size_t>(i) % executors.size()],
              talk(world_, listener->local(), counts));
  ASSERT_TRUE(eventually([&] { return counts.answered == kPeers; }));
  EXPECT_EQ(listener->open_connections(), static_cast<std::size_t>(kPeers));
  listener->drain();
  ASSERT_TRUE(eventually([&] { return counts.gone == kPeers; }));
  EXPECT_EQ(counts.said_goodbye, kPeers);
  ASSERT_TRUE(eventually([&] { return listener->open_connections() == 0; }));
  EXPECT_EQ(threads.size(), executors.size());
}

// Connections come, go, and are cut off while the listener closes under them.
TEST_F(ListenerTest, ClosesUnderLoad) {
  loops_.run();
  for (int round = 0; round < 20; ++round) {
    Counts counts;
    auto listener = *Listener::open(world_, loops_.executors(), *rt::parse_endpoint("127.0.0.1:0"),
                                    [&](Connection& peer) { return echo(peer, world_); });
    for (int i = 0; i < 30; ++i)
      for (const auto& executor : loops_.executors())
        rt::spawn(executor, talk(world_, listener->local(), counts));
    if (round % 2 == 0) EXPECT_TRUE(eventually([&] { return counts.answered > 5; }));
    listener->close_all();
    listener->drain();
    ASSERT_TRUE(eventually([&] { return counts.gone == 90; }));
    ASSERT_TRUE(eventually([&] { return listener->open_connections() == 0; }));
  }
}

TEST_F(ListenerTest, MayBeDestroyedBeforeItsSessionsEnd) {
  Counts counts;
  auto listener = *Listener::open(world_, loops_.executors(), *rt::parse_endpoint("127.0.0.1:0"),
                                  [this](Connection& peer) { return echo(peer, world_); });
  loops_.run();
  for (int i = 0; i < 10; ++i)
    rt::spawn(loops_.executors().front(), talk(world_, listener->local(), counts));
  ASSERT_TRUE(eventually([&] { return counts.answered == 10; }));
  listener.reset();
  EXPECT_TRUE(eventually([&] { return counts.gone == 10; }));
}

/// Waits for the end of the connection and notes who it is.
Task<void> note_end(rt::World& world, rt::Endpoint to, int number,  // NOLINT: outlived
                    std::vector<int>& open, std::vector<int>& ended) {
  auto stream = co_await world.net.connect(to, world.clock.now() + 30s);
  if (!stream) co_return;
  Connection peer(std::move(*stream));
  open.push_back(number);
  static_cast<void>(co_await peer.receive(world.clock.now() + 1h));
  ended.push_back(number);
}

// Not in the order of addresses in memory: what the others see is the same in each run of a seed.
TEST(ListenerInOrder, ClosesConnectionsAsTheyCame) {
  sim::Options options;
  options.net = {.delay_min = 1ms, .delay_max = 1ms};
  std::vector<int> open, ended;
  sim::World world(1, options);
  const auto at = *rt::parse_endpoint("127.0.0.1:25");
  auto listener = *Listener::open(world, {world.executor()}, at,
                                  [&](Connection& peer) { return echo(peer, world); });
  for (int i = 0; i < 50; ++i) world.spawn(note_end(world, at, i, open, ended));
  world.run(1s);
  ASSERT_EQ(open.size(), 50u);
  listener->close_all();
  world.run(1s);
  EXPECT_EQ(ended, open);
  listener->drain();
  EXPECT_TRUE(world.run_until([&] { return listener->open_connections() == 0; }));
}

}  // namespace
}  // namespace ph::net
