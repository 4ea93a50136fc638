// Plans performed: routes that hold, a full house, and every crash on the way.
#include "deliver/deliver.h"

#include <gtest/gtest.h>

#include <set>

#include "deliver/sweep.h"
#include "deliver/testing/house.h"

namespace ph::deliver {
namespace {

using namespace std::chrono_literals;
using queue::testing::at_every_change;
using queue::testing::Crash;
using store::testing::FailingStore;
using testing::House;
using testing::PeerPtr;

using Delivering = testing::Scene;

Options with_routes(std::vector<StaticRoute> routes) {
  auto options = testing::default_options();
  options.routes = std::move(routes);
  return options;
}

TEST_F(Delivering, AHoldRouteKeepsAndSaysSo) {
  const PeerPtr peer = this->peer("b.test", "192.0.2.1");
  const auto house = open(with_routes({{"b.test", std::nullopt}}));
  const std::string id = put(*house, {{"bob", "b.test"}});
  world.run(1s);
  const auto kept = story(*house, id);
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[1].stage, Stage::route);
  EXPECT_EQ(kept[1].outcome, Outcome::deferred);
  EXPECT_EQ(kept[1].why, "held: the route for b.test says so");
  world.run(24h);
  EXPECT_EQ(story(*house, id).size(), 2u) << "once, not every four hours";
  EXPECT_EQ(peer->connections, 0u);
  const auto jobs = listed(*house);
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0].state, "held");
  EXPECT_EQ(jobs[0].attempts, 0u);
  finish(*house);
}

TEST_F(Delivering, ReleaseSendsWhereNoRouteHolds) {
  const PeerPtr peer = this->peer("b.test", "192.0.2.1");
  const PeerPtr provider = testing::make_peer(world, "192.0.2.9");
  auto house = open(with_routes({{"b.test", std::nullopt}}));
  put(*house, {{"bob", "b.test"}, {"eve", "b.test"}});
  world.run(5min);
  ASSERT_TRUE(run(house->queue.release({.recipient = "bob@b.test"})));
  world.run(5s);
  ASSERT_EQ(peer->letters.size(), 1u);
  EXPECT_EQ(peer->letters[0].recipients, std::vector<std::string>{"bob@b.test"});
  finish(*house);
  // By the "*" route, where that names a next hop.
  house = open(
      with_routes({{"b.test", std::nullopt}, {"*", rt::Endpoint{*rt::parse_ip("192.0.2.9"), 25}}}));
  ASSERT_TRUE(run(house->queue.release({.all = true})));
  world.run(5s);
  EXPECT_EQ(peer->letters.size(), 1u);
  ASSERT_EQ(provider->letters.size(), 1u);
  EXPECT_EQ(provider->letters[0].recipients, std::vector<std::string>{"eve@b.test"});
  finish(*house);
}

TEST_F(Delivering, WhatIsReleasedIsNotHeldAgainWhenItHasToWait) {
  const PeerPtr peer = this->peer("b.test", "192.0.2.1");
  peer->on["RCPT"] = "450 4.2.1 greylisted";
  auto house = open(with_routes({{"*", std::nullopt}}));
  put(*house, {{"bob", "b.test"}});
  world.run(5min);
  ASSERT_TRUE(run(house->queue.release({.all = true})));
  world.run(10s);
  EXPECT_EQ(listed(*house).at(0).attempts, 1u);
  finish(*house);
  peer->on.clear();
  house = open(with_routes({{"*", std::nullopt}}));  // also over a restart
  world.run(10min);
  EXPECT_EQ(peer->letters.size(), 1u);
  finish(*house);
}

TEST_F(Delivering, MailGoesWhenItsHoldRouteIsTakenAway) {
  const PeerPtr b = this->peer("b.test", "192.0.2.1"), c = this->peer("c.test", "192.0.2.2");
  const auto house = open(with_routes({{"b.test", std::nullopt}, {"c.test", std::nullopt}}));
  for (const char* domain : {"b.test", "c.test"}) put(*house, {{"bob", domain}});
  world.run(5min);
  put(*house, {{"bob", "b.test"}});
  world.run(1s);
  EXPECT_EQ(house->queue.messages(), 1u) << "the others are at their hour";
  house->deliverer.set_routes({{"c.test", std::nullopt}});
  world.run(5s);
  EXPECT_EQ(b->letters.size(), 2u);
  EXPECT_EQ(c->letters.size(), 0u);
  EXPECT_EQ(listed(*house).size(), 1u);
  finish(*house);
}

/// Takes half a minute for each delivery.
class SlowMailboxes final : public mailbox::Mailboxes {
 public:
  explicit SlowMailboxes(sim::World& world) : world_(world) {}
  Task<Result<mailbox::Delivered>> deliver(mailbox::Delivery, rt::Instant) override {
    at_once_max = std::max(at_once_max, ++at_once);
    const auto timer = world_.timers.timer(world_.executor());
    auto slept = co_await timer->wait_until(world_.clock.now() + 30s);
    static_cast<void>(slept);
    --at_once;
    ++delivered;
    co_return mailbox::Delivered{};
  }
  Task<Result<mailbox::Usage>> usage(std::string, rt::Instant) override {
    co_return mailbox::Usage{};
  }
  Task<Result<mailbox::Maildrop>> lock_maildrop(std::string, rt::Instant) override {
    co_return fail(Kind::unavailable, "not asked for");
  }
  Task<Result<std::string>> read(std::string, mailbox::Uid, std::uint64_t, std::size_t,
                                 rt::Instant) override {
    co_return "";
  }
  Task<Result<Done>> expunge(std::string, std::vector<mailbox::Uid>, rt::Instant) override {
    co_return Done{};
  }
  void unlock(std::string_view) override {}
  Task<Result<Done>> erase(std::string, rt::Instant) override { co_return Done{}; }

  std::size_t at_once = 0, at_once_max = 0, delivered = 0;

 private:
  sim::World& world_;
};

TEST_F(Delivering, AFullHouseWaitsForAPlaceAndTakesItAtOnce) {
  SlowMailboxes slow(world);
  House house(*disk, world, resolver, directory, retired, testing::default_options(), &slow);
  ASSERT_TRUE(run(house.start()));
  const std::size_t count = 2 * kAttemptsMax + 50;
  const auto since = world.clock.now();
  for (std::size_t i = 0; i < count; ++i) put(house, {{"bob", "here.test"}});
  EXPECT_TRUE(world.run_until([&] { return slow.delivered == count; }, 10min));
  EXPECT_EQ(slow.at_once_max, kAttemptsMax);
  EXPECT_GE(world.clock.now() - since, 90s);
  EXPECT_LT(world.clock.now() - since, 95s) << "a place that is free is taken";
  finish(house);
}

/// What a message to four recipients, each with another fate, came to.
struct Fates {
  bool accepted = false, crashed = false, body_freed = false;
  std::map<std::string, int> copies;  // at the other server, by recipient
};

Task<void> pass(rt::World& world, rt::Executor executor,
                std::chrono::nanoseconds span) {  // NOLINT
  const auto timer = world.timers.timer(std::move(executor));
  auto slept = co_await timer->wait_until(world.clock.now() + span);
  static_cast<void>(slept);
}

// Rows 4, 6 and 16 to 20 of docs/states/queue.md: one recipient is an alias of a mailbox, one
// another server takes, one that it puts off at first, one that it refuses, so that there is a
// report.
Fates live_and_die(Crash crash) {
  sim::World world(crash.at);
  sim::Resolver resolver(world);
  resolver.set_mx("b.test", {{10, "mx.b.test"}});
  resolver.set_a("mx.b.test", {"192.0.2.1"});
  testing::TableDirectory directory;
  directory.accounts = {{"alice", "alicealicealicealicealice1"},
                        {"bob", "bobbobbobbobbobbobbobbobb1"}};
  directory.aliases = {{"team", {{"bob", "here.test"}}}};
  auto disk = *store::open("memory:", "", world);
  queue::testing::Retired retired;
  FailingStore failing(*disk, {.at = crash.at, .apply_last = crash.applied});
  const PeerPtr peer = testing::make_peer(world, "192.0.2.1");
  peer->on["RCPT no@b.test"] = "550 5.1.1 nobody";
  peer->on["RCPT later@b.test"] = "451 4.2.1 later";
  peer->deaf = [&failing] { return failing.dead(); };
  Fates fates;
  std::string id;
  using Scene = testing::Scene;
  {
    House house(failing, world, resolver, directory, retired);
    const auto started = Scene::run(world, house.start());
    if (started) {
      queue::testing::Fresh fresh{
          .jobs = 4,
          .domain = "",
          .sender = {"alice", "here.test"},
          .recipients = {
              {"team", "here.test"}, {"ok", "b.test"}, {"later", "b.test"}, {"no", "b.test"}}};
      id = Scene::run(world, queue::testing::put(failing, house.queue, world, std::move(fresh)));
    }
    Scene::run(world, pass(world, world.executor(), 2min));
    Scene::run(world, house.finish());
  }
  fates.accepted = !id.empty();
  fates.crashed = failing.dead();
  peer->deaf = nullptr;
  peer->on.erase("RCPT later@b.test");
  House house(*disk, world, resolver, directory, retired);
  EXPECT_TRUE(Scene::run(world, house.start()));
  Scene::run(world, pass(world, world.executor(), 30min));
  const auto stats = Scene::run(world, house.queue.stats(world.clock.now()));
  EXPECT_TRUE(stats);
  EXPECT_EQ(stats->messages, 0u) << "something is left";
  for (const auto& letter : peer->letters)
    for (const std::string& to : letter.recipients) ++fates.copies[to];
  if (fates.accepted) {
    const auto in_box = [&](const char* who) {
      const auto usage = Scene::run(
          world, house.mailboxes->usage(directory.accounts.at(who), world.clock.now() + 1min));
      return usage ? usage->messages : 99;
    };
    EXPECT_EQ(in_box("bob"), 1u) << "row 4";
    EXPECT_EQ(in_box("alice"), 1u) << "rows 19 and 20: one report";
  }
  Scene::run(world, pass(world, world.executor(), 1min));  // events go to the journal
  Scene::run(world, house.finish());
  auto told = queue::testing::told(queue::testing::events_in(retired));
  if (fates.accepted) {
    EXPECT_EQ(told[id + " route done team@here.test"], 1) << "row 6";
    EXPECT_EQ(told[id + " deliver done bob@here.test"], 1);
    EXPECT_EQ(told[id + " relay failed no@b.test"], 1) << "row 20";
    EXPECT_EQ(told[id + " bounce done "], 1) << "row 20";
    EXPECT_EQ(told[id + " relay done ok@b.test"], 1);
    EXPECT_EQ(told[id + " relay done later@b.test"], 1);
    EXPECT_LE(told[id + " relay deferred later@b.test"], 1) << "row 18";
  }
  // Row 19: a report's body that nobody refers to is freed.
  world.run(49h);
  const auto freed =
      Scene::run(world, disk->sweep(day_of(world.clock.wall()) - 1, [&disk](std::string holder) {
        return holder_alive(*disk, std::move(holder));
      }));
  EXPECT_TRUE(freed);
  fates.body_freed = freed && *freed > 0;
  return fates;
}

TEST(DeliverCrash, KeepsItsPromisesWhereverItDies) {
  bool twice = false, freed = false;
  const auto crashes = at_every_change([&](Crash crash) {
    const Fates fates = live_and_die(crash);
    if (fates.accepted) {
      for (const char* to : {"ok@b.test", "later@b.test"}) {
        const auto found = fates.copies.find(to);
        const int copies = found == fates.copies.end() ? 0 : found->second;
        EXPECT_GE(copies, 1) << to;
        EXPECT_LE(copies, 2) << to << ": row 17";
        if (!fates.crashed) EXPECT_EQ(copies, 1) << "without a crash nobody gets it twice";
        twice = twice || copies == 2;
      }
      EXPECT_FALSE(fates.copies.contains("no@b.test"));
    }
    freed = freed || fates.body_freed;
    return fates.crashed;
  });
  EXPECT_GT(crashes, 15u);
  EXPECT_TRUE(twice) << "row 17 was not among the crashes";
  EXPECT_TRUE(freed) << "row 19 was not among the crashes";
}

}  // namespace
}  // namespace ph::deliver
