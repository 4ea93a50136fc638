// Deferred messages: moved to the partition of their hour, out of memory, back in time; and what
// administrators order.
#include <gtest/gtest.h>

#include <set>

#include "queue/testing/house.h"

namespace ph::queue {
namespace {

using namespace std::chrono_literals;
using store::testing::FailingStore;
using testing::attempt;
using testing::into;
using testing::put;
using testing::Retired;
using QueueDefer = testing::QueueHouse;

TEST_F(QueueDefer, MovesToItsHourAndComesBackInTime) {
  MailQueue queue(*disk, world, world.executor(), into(retired));
  ASSERT_TRUE(run(queue.open()));
  queue.start();
  std::set<std::string> ids;
  for (int i = 0; i < 250; ++i) ids.insert(run(put(*disk, queue, world, 2, "b.test")));
  ASSERT_EQ(run(attempt(queue, world, 4h)).size(), 500u);
  EXPECT_EQ(queue.messages(), 250u);
  world.run(5min);
  EXPECT_EQ(queue.messages(), 0u) << "not due soon: not in memory";
  EXPECT_GE(partitions("/due/"), 1u);
  // All the same it is seen, wherever it is.
  auto listed = run(queue.list({.domain = "B.test"}, 1000, world.clock.now()));
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->size(), 500u);
  EXPECT_EQ(listed->front().why, "put off");
  auto stats = run(queue.stats(world.clock.now()));
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->messages, 250u);
  EXPECT_EQ(stats->deferred, 500u);
  ASSERT_EQ(stats->destinations.size(), 1u);
  EXPECT_EQ(stats->destinations[0].domain, "b.test");
  auto shown = run(queue.show(*ids.begin(), world.clock.now()));
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->size(), 2u);
  auto events = run(queue.events(*ids.begin()));
  ASSERT_TRUE(events);

  world.run(3h);
  EXPECT_FALSE(queue.take_due()) << "not before its time";
  world.run(1h);
  EXPECT_EQ(run(attempt(queue, world, 0s)).size(), 500u);
  world.run(5min);
  EXPECT_EQ(queue.messages(), 0u);
  EXPECT_EQ(partitions("/due/"), 0u) << "drained";
  finish(queue);
}

TEST_F(QueueDefer, HeldMailWaitsUntilItIsReleased) {
  std::string id, other;
  {
    MailQueue queue(*disk, world, world.executor(), into(retired));
    ASSERT_TRUE(run(queue.open()));
    queue.start();
    id = run(put(*disk, queue, world, 3, "b.test"));
    other = run(put(*disk, queue, world, 1, "c.test"));
    EXPECT_FALSE(run(queue.hold({}))) << "an order about nothing";
    auto held = run(queue.hold({.recipient = "U1@b.test"}));
    ASSERT_TRUE(held);
    EXPECT_EQ(held->recipients, 1u);
    held = run(queue.hold({.queue_id = id}));
    ASSERT_TRUE(held);
    EXPECT_EQ(held->recipients, 2u);
    EXPECT_EQ(held->unchanged, 1u);
    EXPECT_EQ(run(attempt(queue, world, 0s)), (std::multiset<std::string>{other + ".0"}));
    world.run(48h);
    finish(queue);
  }
  MailQueue queue(*disk, world, world.executor(), into(retired));
  ASSERT_TRUE(run(queue.open()));
  queue.start();
  world.run(2h);
  EXPECT_FALSE(queue.take_due());
  auto released = run(queue.release({.queue_id = id}));
  ASSERT_TRUE(released) << describe(released.error());
  EXPECT_EQ(released->recipients, 3u);
  auto due = queue.take_due();
  ASSERT_TRUE(due);
  EXPECT_EQ(due->jobs.size(), 3u);
  // What an attempt has is left alone.
  auto removed = run(queue.remove({.all = true}));
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->recipients, 0u);
  EXPECT_EQ(removed->attempting, 3u);
  queue.give_back(due->message->id, due->jobs, 1h);
  removed = run(queue.remove({.domain = "b.test"}));
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->recipients, 3u);
  EXPECT_EQ(queue.messages(), 0u);
  EXPECT_FALSE(run(queue.show(id, world.clock.now())));
  finish(queue);
}

TEST_F(QueueDefer, RetryBringsBackWhatIsOutOfMemory) {
  MailQueue queue(*disk, world, world.executor(), into(retired));
  ASSERT_TRUE(run(queue.open()));
  queue.start();
  const std::string id = run(put(*disk, queue, world, 2, "b.test"));
  ASSERT_EQ(run(attempt(queue, world, 3h)).size(), 2u);
  world.run(10min);
  ASSERT_EQ(queue.messages(), 0u);
  auto retried = run(queue.retry({.recipient = "u0@b.test"}));
  ASSERT_TRUE(retried);
  EXPECT_EQ(retried->recipients, 1u);
  EXPECT_EQ(run(attempt(queue, world, 0s)), (std::multiset<std::string>{id + ".0"}));
  finish(queue);
}

// Rows 12 to 15 of docs/states/queue.md: the process dies at each of its changes while messages are
// put off, moved, read back and delivered; a new one goes on.
TEST_F(QueueDefer, LosesAndDoublesNothingWhereverItDies) {
  bool done = false;
  for (std::uint64_t at = 0; !done; ++at) {
    for (const bool applied : {false, true}) {
      SCOPED_TRACE(::testing::Message() << "at=" << at << " applied=" << applied);
      sim::World fresh(at);
      auto store = *store::open("memory:", "", fresh);
      Retired journal;
      std::set<std::string> acknowledged;
      std::multiset<std::string> delivered;
      const auto live = [&](store::Store& on, bool first, std::size_t& left) {
        MailQueue queue(on, fresh, fresh.executor(), into(journal));
        bool over = false;
        fresh.spawn([](store::Store& s, MailQueue& q, rt::World& w, bool put_some,
                       std::set<std::string>& ok, std::multiset<std::string>& out,
                       std::size_t& waiting, bool& finished) -> Task<void> {
          auto bell = w.timers.timer(q.executor());
          auto opened = co_await q.open();
          for (int i = 0; opened && put_some && i < 3; ++i) {
            std::string id = co_await put(s, q, w, 2, "b.test");
            if (!id.empty()) ok.insert(id);
          }
          if (opened) {
            auto off = co_await attempt(q, w, std::chrono::seconds(put_some ? 2h : 0s));
            if (!put_some) out.insert(off.begin(), off.end());
            q.start();
          }
          auto alive = co_await s.get("q/00", {"next"});
          auto slept = co_await bell->wait_until(w.clock.now() + (alive ? 10min : 0min));
          for (int i = 0; opened && alive && i < 3; ++i) {
            slept = co_await bell->wait_until(w.clock.now() + 1h);
            auto gone = co_await attempt(q, w, std::chrono::seconds(0s));
            out.insert(gone.begin(), gone.end());
            alive = co_await s.get("q/00", {"next"});
          }
          static_cast<void>(slept);
          if (opened) {
            auto stats = co_await q.stats(w.clock.now());
            waiting = stats ? stats->messages : 99;
            co_await q.finish();
          }
          finished = true;
        }(on, queue, fresh, first, acknowledged, delivered, left, over));
        EXPECT_TRUE(fresh.run_until([&] { return over; }, 24h));
      };
      std::size_t left = 99;
      {
        FailingStore failing(*store, {.at = at, .apply_last = applied});
        live(failing, true, left);
        done = !failing.dead();
      }
      left = 99;
      live(*store, false, left);
      EXPECT_EQ(left, 0u);
      for (const std::string& id : acknowledged)
        for (const char* job : {".0", ".1"}) {
          const auto times = delivered.count(id + job);
          // Delivered, but the process died before it heard that this was written down: it is not
          // delivered again.
          EXPECT_LE(times, 1u) << id << job;
        }
      auto told = testing::told(testing::events_in(journal));
      for (const std::string& id : acknowledged)
        for (const char* rest : {" accept done u0@b.test", " accept done u1@b.test",
                                 " deliver done u0@b.test", " deliver done u1@b.test"})
          EXPECT_EQ(told[id + rest], 1) << id << rest;
    }
  }
}

TEST_F(QueueDefer, ListsTheLowestIdsWhereverTheyAre) {
  MailQueue queue(*disk, world, world.executor(), into(retired));
  ASSERT_TRUE(run(queue.open()));
  queue.start();
  // Every other one waits for another hour; some are on the disk, some in memory.
  std::set<std::string> ids;
  for (int i = 0; i < 30; ++i) ids.insert(run(put(*disk, queue, world, 3, "b.test")));
  ASSERT_EQ(run(attempt(queue, world, 2h)).size(), 90u);
  world.run(5min);
  ASSERT_EQ(queue.messages(), 0u);
  for (int i = 0; i < 30; ++i) ids.insert(run(put(*disk, queue, world, 3, "b.test")));
  int n = 0;
  for (const std::string& id : ids) {
    if (++n % 3 != 0) continue;
    ASSERT_TRUE(run(queue.hold({.queue_id = id})));  // some of the later ones go to a third place
  }
  world.run(5min);
  const std::vector<std::string> sorted(ids.begin(), ids.end());
  for (const std::size_t max : {1uz, 3uz, 4uz, 60uz, 89uz, 91uz, 180uz, 1000uz}) {
    SCOPED_TRACE(max);
    const auto listed = run(queue.list({}, max, world.clock.now()));
    ASSERT_TRUE(listed);
    ASSERT_EQ(listed->size(), std::min(max, 180uz));
    for (std::size_t i = 0; i < listed->size(); ++i)
      EXPECT_EQ((*listed)[i].queue_id, sorted[i / 3]) << i;
  }
  const auto none = run(queue.list({.domain = "c.test"}, 10, world.clock.now()));
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  finish(queue);
}

TEST_F(QueueDefer, LooksAtWhatIsOnTheDiskAPageAtATime) {
  // 63 rows each: pages end inside of messages.
  MailQueue queue(*disk, world, world.executor(), into(retired));
  ASSERT_TRUE(run(queue.open()));
  queue.start();
  std::vector<std::string> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(run(put(*disk, queue, world, 2500, "b.test")));
  ASSERT_EQ(run(attempt(queue, world, 3h)).size(), 15000u);
  world.run(10min);
  ASSERT_EQ(queue.messages(), 0u);
  const auto stats = run(queue.stats(world.clock.now()));
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->messages, 6u);
  EXPECT_EQ(stats->recipients, 15000u);
  EXPECT_EQ(stats->deferred, 15000u);
  for (const std::string& id : {ids.front(), ids[2], ids.back()}) {
    const auto shown = run(queue.show(id, world.clock.now()));
    ASSERT_TRUE(shown);
    ASSERT_EQ(shown->size(), 2500u);
    EXPECT_EQ(shown->front().recipient, "u0@b.test");
    EXPECT_EQ(shown->back().recipient, "u2499@b.test");
  }
  const auto one = run(queue.list({.recipient = "u2499@b.test"}, 100, world.clock.now()));
  ASSERT_TRUE(one);
  EXPECT_EQ(one->size(), 6u);
  EXPECT_EQ(queue.messages(), 0u) << "a look brings nothing into memory";
  finish(queue);
}

// The store fails in the middle of a move, and no process dies: what is between two places is out
// of reach until the move can be ended, and then it is there again, once.
TEST(QueueDeferFaults, AMoveThatTheStoreDidNotLetEndIsEndedLater) {
  bool aside = false;
  for (std::uint64_t at = 0; at < 12; ++at) {
    for (const bool applied : {false, true}) {
      SCOPED_TRACE(::testing::Message() << "at=" << at << " applied=" << applied);
      sim::World world(at);
      auto disk = *store::open("memory:", "", world);
      FailingStore store(*disk, {});
      Retired journal;
      MailQueue queue(store, world, world.executor(), into(journal));
      ASSERT_TRUE(QueueDefer::run(world, queue.open()));
      queue.start();
      std::set<std::string> ids;
      for (int i = 0; i < 3; ++i)
        ids.insert(QueueDefer::run(world, put(store, queue, world, 2, "b.test")));
      ASSERT_EQ(QueueDefer::run(world, attempt(queue, world, 2h)).size(), 6u);
      store.fail_after(at, applied);  // a change of the move, sooner or later
      world.run(3min);
      aside = aside || (store.dead() && queue.messages() < 3);
      store.recover();
      world.run(5min);
      const auto after = QueueDefer::run(world, queue.stats(world.clock.now() + 1min));
      ASSERT_TRUE(after);
      EXPECT_EQ(after->messages, 3u);
      EXPECT_EQ(after->recipients, 6u);
      world.run(2h);
      const auto done = QueueDefer::run(world, attempt(queue, world, 0s));
      EXPECT_EQ(done.size(), 6u);
      for (const std::string& id : ids)
        for (const char* job : {".0", ".1"}) EXPECT_EQ(done.count(id + job), 1u) << id << job;
      EXPECT_EQ(queue.messages(), 0u);
      QueueDefer::run(world, queue.finish());
    }
  }
  EXPECT_TRUE(aside) << "no message was ever out of reach";
}

}  // namespace
}  // namespace ph::queue
