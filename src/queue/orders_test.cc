// What administrators order, and what a route keeps: rows 16, 18 and 21 of docs/states/queue.md.
#include <gtest/gtest.h>

#include <set>

#include "queue/testing/house.h"

namespace ph::queue {
namespace {

using namespace std::chrono_literals;
using store::testing::FailingStore;
using testing::at_every_change;
using testing::attempt;
using testing::Crash;
using testing::into;
using testing::put;
using testing::Retired;
using QueueOrders = testing::QueueHouse;

/// What a route that says hold makes of what is due.
std::size_t keep(MailQueue& queue, rt::World& world, std::chrono::seconds wait) {
  std::size_t kept = 0;
  while (auto due = queue.take_due()) {
    std::vector<std::pair<std::uint32_t, Job>> jobs;
    std::vector<Event> events;
    for (const std::uint32_t index : due->jobs) {
      Job job = due->message->jobs[index];
      if (!job.kept)
        events.push_back({.at = world.clock.wall(),
                          .stage = Stage::route,
                          .outcome = Outcome::deferred,
                          .queue_id = to_string(due->message->id),
                          .recipient = message::to_string(job.recipient),
                          .why = "held"});
      job.kept = true;
      job.why = "held";
      job.next_attempt = world.clock.wall() + wait;
      jobs.emplace_back(index, std::move(job));
      ++kept;
    }
    queue.park(due->message->id, std::move(jobs), std::move(events));
  }
  return kept;
}

std::size_t said(MailQueue& queue, sim::World& world, const std::string& id, Stage stage) {
  auto events = testing::QueueHouse::run(world, queue.events(id));
  std::size_t count = 0;
  if (events)
    for (const Event& event : *events) count += event.stage == stage ? 1u : 0u;
  return count;
}

TEST_F(QueueOrders, WhatARouteKeepsCostsNoCommitAndIsTold) {
  std::string id;
  FailingStore counting(*disk, {});
  {
    MailQueue queue(counting, world, world.executor(), into(retired));
    ASSERT_TRUE(run(queue.open()));
    id = run(put(counting, queue, world, 2));
    const auto before = counting.changes();
    EXPECT_EQ(keep(queue, world, 4h), 2u);
    EXPECT_EQ(counting.changes(), before);
    EXPECT_EQ(said(queue, world, id, Stage::route), 2u) << "found at once";
    const auto listed = run(queue.list({}, 10, world.clock.now()));
    ASSERT_TRUE(listed);
    EXPECT_EQ(listed->front().state, "held");
    queue.start();
    world.run(5min);
    EXPECT_EQ(queue.messages(), 0u) << "moved to its hour";
    EXPECT_EQ(said(queue, world, id, Stage::route) + testing::events_in(retired).size(), 4u);
    finish(queue);
  }
  MailQueue queue(*disk, world, world.executor(), into(retired));
  ASSERT_TRUE(run(queue.open()));
  queue.start();
  world.run(4h);
  EXPECT_EQ(keep(queue, world, 4h), 2u);
  world.run(5min);
  auto told = testing::told(testing::events_in(retired));
  EXPECT_EQ(told[id + " route deferred u0@example.test"], 1) << "once, not at each look";
  finish(queue);
}

TEST_F(QueueOrders, EventsOfWhatIsKeptGoWithWhateverIsWrittenNext) {
  MailQueue queue(*disk, world, world.executor(), into(retired));
  ASSERT_TRUE(run(queue.open()));
  const std::string id = run(put(*disk, queue, world, 150));
  EXPECT_EQ(keep(queue, world, 1min), 150u);
  EXPECT_EQ(said(queue, world, id, Stage::route), kUnsaidEventsMax);
  const auto released = run(queue.release({.queue_id = id}));
  ASSERT_TRUE(released);
  EXPECT_EQ(released->recipients, 150u);
  EXPECT_EQ(said(queue, world, id, Stage::route), kUnsaidEventsMax);
  EXPECT_EQ(run(attempt(queue, world, 0s)).size(), 150u);
  queue.start();
  world.run(1min);
  finish(queue);
  const auto events = testing::events_in(retired);
  auto told = testing::told(events);
  EXPECT_EQ(told[id + " route deferred u0@example.test"], 1);
  EXPECT_EQ(told[id + " administer note u149@example.test"], 1);
  std::size_t others = 0;
  for (const Event& event : events)
    others += event.why == "held; 50 other recipient(s) wait too" ? 1u : 0u;
  EXPECT_EQ(others, 1u);
}

TEST_F(QueueOrders, ReleaseLetsGoForGoodWhatARouteKeeps) {
  std::string id;
  {
    MailQueue queue(*disk, world, world.executor(), into(retired));
    ASSERT_TRUE(run(queue.open()));
    queue.start();
    id = run(put(*disk, queue, world, 2));
    keep(queue, world, 4h);
    world.run(5min);
    ASSERT_EQ(queue.messages(), 0u);
    const auto released = run(queue.release({.recipient = "u0@example.test"}));
    ASSERT_TRUE(released);
    EXPECT_EQ(released->recipients, 1u);
    finish(queue);
  }
  MailQueue queue(*disk, world, world.executor(), into(retired));
  ASSERT_TRUE(run(queue.open()));
  const auto due = queue.take_due();
  ASSERT_TRUE(due);
  ASSERT_EQ(due->jobs.size(), 1u);
  EXPECT_TRUE(due->message->jobs[due->jobs[0]].released) << "also after a restart";
  queue.give_back(due->message->id, due->jobs, 1h);
  const auto held = run(queue.hold({.queue_id = id}));
  ASSERT_TRUE(held);
  EXPECT_FALSE(queue.find(due->message->id)->jobs[due->jobs[0]].released) << "hold takes it back";
}

TEST_F(QueueOrders, LooksAgainAtWhatRoutesKept) {
  MailQueue queue(*disk, world, world.executor(), into(retired));
  ASSERT_TRUE(run(queue.open()));
  queue.start();
  run(put(*disk, queue, world, 2));
  keep(queue, world, 4h);
  world.run(5min);
  ASSERT_EQ(queue.messages(), 0u);
  run(put(*disk, queue, world, 1));  // another, still in memory
  keep(queue, world, 4h);
  run(put(*disk, queue, world, 1));
  ASSERT_EQ(run(attempt(queue, world, 2h)).size(), 1u);  // none of a route's
  ASSERT_TRUE(run(queue.look_again()));
  std::size_t due = 0;
  while (const auto one = queue.take_due()) due += one->jobs.size();
  EXPECT_EQ(due, 3u);
  finish(queue);
}

/// A life in which an order is given, and whether it was answered.
struct Ordered {
  std::set<std::string> ids;  // accepted
  std::size_t answered = 0;   // orders
};

Task<void> give_orders(store::Store& store, MailQueue& queue, rt::World& world,  // NOLINT
                       Ordered& out) {                                           // NOLINT
  auto opened = co_await queue.open();
  for (int i = 0; opened && i < 2; ++i) {
    std::string id = co_await put(store, queue, world, 2, "b.test");
    if (!id.empty()) out.ids.insert(id);
  }
  if (out.ids.size() < 2) co_return;
  const auto off = co_await attempt(queue, world, 2h);  // row 18
  if (off.size() < 4) co_return;
  const auto held = co_await queue.hold({.recipient = "u0@b.test"});
  if (!held) co_return;
  ++out.answered;
  const auto retried = co_await queue.retry({.queue_id = *out.ids.begin()});
  if (!retried) co_return;
  ++out.answered;
  const auto released = co_await queue.release({.queue_id = *out.ids.begin()});
  if (!released) co_return;
  ++out.answered;
  const auto removed = co_await queue.remove({.queue_id = *out.ids.rbegin()});
  out.answered += removed ? 1u : 0u;
}

// Row 16: taken by an attempt, nothing else changed. Row 18: put off. Row 21: each order.
TEST(QueueOrdersCrash, AnOrderHoldsOrWasNeverGivenWhereverItDies) {
  const auto crashes = at_every_change([](Crash crash) {
    sim::World world(crash.at);
    auto store = *store::open("memory:", "", world);
    Retired journal;
    Ordered ordered;
    FailingStore failing(*store, {.at = crash.at, .apply_last = crash.applied});
    {
      MailQueue queue(failing, world, world.executor(), into(journal));
      QueueOrders::run(world, give_orders(failing, queue, world, ordered));
      queue.take_due();  // an attempt has them when it dies
    }
    MailQueue queue(*store, world, world.executor(), into(journal));
    EXPECT_TRUE(QueueOrders::run(world, queue.open()));
    std::map<std::string, JobInfo> jobs;
    const auto listed = QueueOrders::run(world, queue.list({}, 100, world.clock.now()));
    EXPECT_TRUE(listed);
    for (const JobInfo& job : *listed) jobs[job.queue_id + " " + job.recipient] = job;
    std::map<std::string, std::size_t> orders;  // events of each message
    for (const std::string& id : ordered.ids)
      orders[id] = said(queue, world, id, Stage::administer);
    if (ordered.ids.size() == 2) {
      const std::string first = *ordered.ids.begin(), last = *ordered.ids.rbegin();
      // Each state of a recipient has its events, as many as there were orders.
      const JobInfo& u0 = jobs[first + " u0@b.test"];
      const JobInfo& u1 = jobs[first + " u1@b.test"];
      const Wall now = world.clock.wall();
      if (ordered.answered >= 1 && ordered.answered < 3 && orders[first] < 3)
        EXPECT_EQ(u0.state, "held");
      if (ordered.answered >= 2) EXPECT_LE(u1.next_attempt, now);
      if (ordered.answered >= 3) {
        EXPECT_EQ(u0.state, "waiting");
        EXPECT_LE(u0.next_attempt, now);
      }
      if (ordered.answered >= 4) EXPECT_FALSE(jobs.contains(last + " u0@b.test"));
      EXPECT_EQ(u0.attempts, u1.attempts) << "put off together, or not at all";
      EXPECT_GE(orders[first], std::min<std::size_t>(ordered.answered, 3)) << "each has its event";
      EXPECT_LE(orders[first], 4u);
      const bool last_there = jobs.contains(last + " u0@b.test");
      EXPECT_EQ(last_there, jobs.contains(last + " u1@b.test")) << "in one batch";
      if (!last_there) EXPECT_GE(orders[last], 2u) << "gone, and nobody is told why";
      // What waits is attempted; what is held is not; nobody gets it twice.
      const auto due = QueueOrders::run(world, attempt(queue, world, 0s));
      for (const std::string& job : due) EXPECT_EQ(due.count(job), 1u);
      world.run(3h);
      const auto later = QueueOrders::run(world, attempt(queue, world, 0s));
      for (const auto& [key, job] : jobs) {
        const std::string name = job.queue_id + (job.recipient.starts_with("u0") ? ".0" : ".1");
        EXPECT_EQ(due.count(name) + later.count(name), job.state == "held" ? 0u : 1u) << key;
      }
    }
    return failing.dead();
  });
  EXPECT_GT(crashes, 15u);
}

}  // namespace
}  // namespace ph::queue
