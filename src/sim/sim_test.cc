// The simulated world keeps its own promises: the same seed gives the same run, time passes in
// order, and what a network or a disk can do to us, it does.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sim/world.h"

namespace ph::sim {
namespace {

using namespace std::chrono_literals;
using Story = std::vector<std::string>;

rt::Endpoint somewhere() { return *rt::parse_endpoint("192.0.2.1:25"); }

Task<void> sleep_and_tell(rt::World& world, std::chrono::nanoseconds span, Story& story,  // NOLINT
                          std::string name) {
  const auto timer = world.timers.timer(co_await boost::asio::this_coro::executor);
  [[maybe_unused]] const auto woken = co_await timer->wait_until(world.clock.now() + span);
  story.push_back(fmt::format("{} {}", name, world.clock.now().time_since_epoch() / 1ms));
}

TEST(SimTimers, FireInOrderOfTimeThenOfBeingSet) {
  World world(1);
  Story story;
  world.spawn(sleep_and_tell(world, 30ms, story, "c"));
  world.spawn(sleep_and_tell(world, 10ms, story, "a"));
  world.spawn(sleep_and_tell(world, 20ms, story, "b1"));
  world.spawn(sleep_and_tell(world, 20ms, story, "b2"));
  world.spawn(sleep_and_tell(world, 10 * 24h, story, "late"));
  world.run(1s);
  EXPECT_EQ(story, (Story{"a 10", "b1 20", "b2 20", "c 30"}));
  EXPECT_EQ(world.clock.now().time_since_epoch(), 1s);
  const auto started = world.clock.wall();
  EXPECT_TRUE(world.run_until([&] { return story.size() == 5; }, 11 * 24h));
  EXPECT_EQ(world.clock.wall() - started, 10 * 24h - 1s);
}

Task<void> wait_long(rt::Timer& timer, rt::Instant at, std::optional<Kind>& ended) {  // NOLINT
  const auto woken = co_await timer.wait_until(at);
  if (!woken) ended = woken.error().kind;
}

TEST(SimTimers, CanBeCancelled) {
  World world(1);
  const auto timer = world.timers.timer(world.executor());
  std::optional<Kind> ended;
  timer->cancel();  // nobody waits: nothing happens
  world.spawn(wait_long(*timer, world.clock.now() + 1h, ended));
  world.run(1min);
  EXPECT_FALSE(ended);
  timer->cancel();
  world.run(0s);
  EXPECT_EQ(ended, Kind::cancelled);
}

// What waits when the world ends is destroyed with it (the leak checker watches).
TEST(SimWorld, EndsWhileCoroutinesWait) {
  World world(1);
  Story story;
  world.spawn(sleep_and_tell(world, 1h, story, "never"));
  world.run(1s);
  EXPECT_TRUE(story.empty());
}

/// Sends `octets_total` octets 0, 1, 2, ... and closes.
Task<void> send_numbers(rt::World& world, std::size_t octets_total, Story& story) {  // NOLINT
  auto stream = co_await world.net.connect(somewhere(), world.clock.now() + 1min);
  if (!stream) {
    story.push_back("connect: " + std::string(to_string(stream.error().kind)));
    co_return;
  }
  std::string all;
  for (std::size_t i = 0; i < octets_total; ++i) all.push_back(static_cast<char>(i % 251));
  std::span<const char> rest = all;
  while (!rest.empty()) {
    const auto ready = co_await (*stream)->wait_writable(world.clock.now() + 1min);
    const auto put = ready ? (*stream)->write_now(rest) : Result<std::size_t>(0);
    if (!ready || !put) {
      story.push_back("send: " +
                      std::string(to_string((ready ? put.error() : ready.error()).kind)));
      co_return;
    }
    rest = rest.subspan(*put);
  }
  story.push_back(fmt::format("sent at {}", world.clock.now().time_since_epoch().count()));
}

Task<void> receive_numbers(rt::World& world, rt::Acceptor& acceptor, Story& story,  // NOLINT
                           std::chrono::seconds patience) {
  auto stream = co_await acceptor.accept();
  if (!stream) co_return;
  std::size_t octets = 0;
  bool right = true;
  for (;;) {
    const auto ready = co_await (*stream)->wait_readable(world.clock.now() + patience);
    std::array<char, 10'000> buffer;
    const auto got = ready ? (*stream)->read_now(buffer) : Result<std::size_t>(0);
    if (!ready || !got) {
      story.push_back(fmt::format("{} after {}, {}",
                                  to_string((ready ? got.error() : ready.error()).kind), octets,
                                  right ? "right" : "wrong"));
      co_return;
    }
    for (std::size_t i = 0; i < *got; ++i)
      right = right && buffer[i] == static_cast<char>((octets + i) % 251);
    octets += *got;
    story.push_back(fmt::format("{}@{}", *got, world.clock.now().time_since_epoch().count()));
  }
}

Story transfer(std::uint64_t seed, NetFaults faults, std::size_t octets_total) {
  World world(seed, {.net = faults});
  Story story;
  auto acceptor = world.net.listen(world.executor(), somewhere(), false);
  world.spawn(receive_numbers(world, **acceptor, story, 300s));
  world.spawn(send_numbers(world, octets_total, story));
  world.run(1h);
  return story;
}

TEST(SimNet, DeliversEverythingInOrder) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    EXPECT_EQ(transfer(seed, {}, 300'000).back(), "cancelled after 300000, right");
  }
}

TEST(SimNet, TheSameSeedGivesTheSameRun) {
  const NetFaults faults{.resets_per_million = 20'000};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    EXPECT_EQ(transfer(seed, faults, 300'000), transfer(seed, faults, 300'000));
  }
  EXPECT_NE(transfer(1, faults, 300'000), transfer(2, faults, 300'000));
}

TEST(SimNet, BreaksConnectionsForBothSides) {
  const auto story = transfer(1, {.resets_per_million = 1'000'000}, 1000);
  ASSERT_EQ(story.size(), 2U);
  EXPECT_EQ(story[0], "send: cancelled");
  EXPECT_EQ(story[1], "cancelled after 0, right");
}

TEST(SimNet, RefusesWhereNobodyListens) {
  World world(1);
  Story story;
  world.spawn(send_numbers(world, 1, story));
  world.run(1min);
  EXPECT_EQ(story, Story{"connect: unavailable"});
}

TEST(SimNet, HoldsWhatIsSentDuringACut) {
  World world(1);
  Story story;
  auto acceptor = world.net.listen(world.executor(), somewhere(), false);
  world.spawn(receive_numbers(world, **acceptor, story, 300s));
  world.spawn(send_numbers(world, 1000, story));
  for (int i = 0; i < 1000 && story.empty(); ++i) world.run(5us);  // until it is on its way
  world.sim_net().cut();
  world.run(10s);
  for (const auto& line : story) EXPECT_TRUE(line.starts_with("sent")) << line;
  world.sim_net().heal();
  world.run(10s);
  EXPECT_EQ(story.back(), "cancelled after 1000, right");
}

TEST(SimNet, TimesOutWhenACutLasts) {
  World world(1);
  Story story;
  auto acceptor = world.net.listen(world.executor(), somewhere(), false);
  world.sim_net().cut();
  world.spawn(send_numbers(world, 1000, story));
  world.run(5min);
  EXPECT_EQ(story, Story{"connect: timed_out"});
}

// A host that says nothing any more, and what is said to it, waits; other hosts do not notice.
TEST(SimNet, HoldsWhatASilentHostSays) {
  World world(1);
  Story story;
  auto acceptor = world.net.listen(world.executor(), somewhere(), false);
  world.spawn(receive_numbers(world, **acceptor, story, 300s));
  world.spawn(send_numbers(world, 1000, story));
  for (int i = 0; i < 1000 && story.empty(); ++i) world.run(5us);  // until it is on its way
  world.sim_net().silence(rt::parse_endpoint("192.0.2.7:25")->ip);
  world.sim_net().silence(somewhere().ip);
  world.run(10s);
  for (const auto& line : story) EXPECT_TRUE(line.starts_with("sent")) << line;
  world.spawn(send_numbers(world, 1, story));
  world.run(90s);
  EXPECT_EQ(story.back(), "connect: timed_out");
  world.sim_net().speak(somewhere().ip);
  world.run(10s);
  EXPECT_EQ(story.back(), "cancelled after 1000, right");
}

TEST(SimLog, DigestsAlsoWhatItForgot) {
  Log one, other;
  for (std::size_t i = 0; i <= kLogLinesMax; ++i) {
    one.write(rt::Level::info, "x", {});
    other.write(rt::Level::info, "x", {});
  }
  EXPECT_EQ(one.digest(), other.digest());
  one.write(rt::Level::info, "y", {});
  other.write(rt::Level::info, "z", {});
  EXPECT_EQ(one.lines(), other.lines());
  EXPECT_EQ(one.count(), kLogLinesMax + 2);
  EXPECT_NE(one.digest(), other.digest());
}

TEST(SimNet, SharesAnEndpointOnlyWhenAllAgree) {
  World world(1);
  auto first = world.net.listen(world.executor(), somewhere(), true);
  auto second = world.net.listen(world.executor(), somewhere(), true);
  EXPECT_TRUE(first && second);
  EXPECT_EQ(world.net.listen(world.executor(), somewhere(), false).error().kind, Kind::unavailable);
  (*first)->close();
  (*second)->close();
  EXPECT_TRUE(world.net.listen(world.executor(), somewhere(), false));
}

// A replaced file is the old one or the new one, whenever the power goes, and the new one once
// replace() has said so.
TEST(SimDisk, ReplacesAWholeFileOrNothing) {
  bool done = false;
  for (std::uint64_t op = 0; !done; ++op) {
    for (std::uint64_t seed = 0; seed < 32; ++seed) {
      SCOPED_TRACE(fmt::format("op={} seed={}", op, seed));
      Disk disk({.seed = seed});
      ASSERT_TRUE(disk.replace("a", "old", 0600));
      disk.fail_power_after(op);
      const bool said = disk.replace("a", "new one", 0600).has_value();
      done = !disk.power_failed();
      if (!done) EXPECT_EQ(disk.read("a").error().kind, Kind::unavailable);
      disk.restore_power();
      const auto now = disk.read("a");
      ASSERT_TRUE(now);
      if (said) {
        EXPECT_EQ(*now, "new one");
      } else {
        EXPECT_TRUE(*now == "old" || *now == "new one") << *now;
      }
    }
  }
}

TEST(SimDisk, KnowsItsSpace) {
  Disk disk;
  EXPECT_EQ(*disk.free_octets("."), kDiskOctetsMax);
  disk.set_free_octets(3);
  EXPECT_EQ(disk.replace("a", "four", 0600).error().kind, Kind::unavailable);
  EXPECT_EQ(disk.read("a").error().kind, Kind::not_found);
}

}  // namespace
}  // namespace ph::sim
