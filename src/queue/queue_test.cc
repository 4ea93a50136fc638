#include "queue/queue.h"

#include <gtest/gtest.h>

#include <set>

#include "queue/testing/house.h"

namespace ph::queue {
namespace {

using store::testing::FailingStore;
using testing::attempt;
using testing::into;
using testing::put;
using testing::Retired;
using QueueTest = testing::QueueHouse;

/// Settles everything that is due. Returns the ids of messages that left the queue.
Task<std::set<std::string>> deliver_all(MailQueue& queue, rt::World& world) {  // NOLINT
  std::set<std::string> ids;
  const auto done = co_await attempt(queue, world, std::chrono::seconds(0));
  for (const std::string& job : done) ids.insert(job.substr(0, job.find('.')));
  co_return ids;
}

TEST_F(QueueTest, KeepsWhatItAcceptedAcrossARestart) {
  std::string id;
  {
    MailQueue queue(*disk, world, world.executor(), into(retired));
    ASSERT_TRUE(run(queue.open()));
    id = run(put(*disk, queue, world, 250));
    ASSERT_FALSE(id.empty());
    EXPECT_EQ(queue.messages(), 1u);
  }
  MailQueue queue(*disk, world, world.executor(), into(retired));
  ASSERT_TRUE(run(queue.open()));
  auto due = queue.take_due();
  ASSERT_TRUE(due);
  const auto message = due->message;
  EXPECT_EQ(due->jobs.size(), 250u);
  EXPECT_EQ(to_string(message->id), id);
  EXPECT_EQ(message->jobs.size(), 250u);
  EXPECT_EQ(message->jobs[249].recipient.local, "u249");
  EXPECT_FALSE(queue.take_due()) << "it is ours until we settle it";
}

TEST_F(QueueTest, RemembersWhoIsStillToBeServed) {
  {
    MailQueue queue(*disk, world, world.executor(), into(retired));
    ASSERT_TRUE(run(queue.open()));
    ASSERT_FALSE(run(put(*disk, queue, world, 3)).empty());
    auto due = queue.take_due();
    ASSERT_TRUE(due);
    std::vector<Job> jobs = due->message->jobs;
    jobs[1].state = JobState::delivered;
    jobs[2].next_attempt = world.clock.wall() + std::chrono::hours(1);
    jobs[2].why = "the mailbox is full";
    Settled settled{.changed = {{1, jobs[1]}, {2, jobs[2]}}};
    settled.added.push_back({.recipient = {"extra", "example.test"}, .parent = 1});
    ASSERT_TRUE(run(queue.settle(due->message->id, std::move(settled))));
  }
  MailQueue queue(*disk, world, world.executor(), into(retired));
  ASSERT_TRUE(run(queue.open()));
  auto listed = run(queue.list({}, 10, world.clock.now()));
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 3u);
  EXPECT_EQ((*listed)[1].recipient, "u2@example.test");
  EXPECT_EQ((*listed)[1].why, "the mailbox is full");
  EXPECT_EQ((*listed)[2].recipient, "extra@example.test");
}

TEST_F(QueueTest, MovesEventsToTheJournalAndDropsDrainedGenerations) {
  std::string id;
  {
    MailQueue queue(*disk, world, world.executor(), into(retired));
    ASSERT_TRUE(run(queue.open()));
    id = run(put(*disk, queue, world, 2));
    ASSERT_EQ(run(deliver_all(queue, world)).size(), 1u);
    auto before = run(queue.events(id));
    ASSERT_TRUE(before);
    EXPECT_EQ(before->size(), 4u);
    queue.start();
    EXPECT_TRUE(world.run_until([&] { return !retired.empty(); }));
    finish(queue);
  }
  ASSERT_EQ(retired.size(), 1u);
  auto events = parse_events(retired.begin()->second);
  ASSERT_TRUE(events);
  EXPECT_EQ(events->size(), 4u);
  MailQueue queue(*disk, world, world.executor(), into(retired));
  ASSERT_TRUE(run(queue.open()));
  queue.start();
  world.run(kMoveEvery + std::chrono::seconds(5));  // nothing else wakes it up
  finish(queue);
  // The catalogue, and the fresh generation of each lane: the old ones are gone.
  EXPECT_EQ(partitions(""), 1 + kLanes);
  EXPECT_EQ(retired.size(), 1u);
}

TEST_F(QueueTest, OpensTheNextGenerationBeforeItIsNeeded) {
  MailQueue queue(*disk, world, world.executor(), into(retired));
  ASSERT_TRUE(run(queue.open()));
  std::set<std::string> ids;
  std::set<std::uint32_t> generations;
  for (std::size_t i = 0; i < 2 * kLanes * kMessagesPerGeneration + 10; ++i) {
    auto id = queue.reserve();
    ASSERT_TRUE(id) << i << " " << describe(id.error());
    EXPECT_TRUE(ids.insert(to_string(*id)).second);
    generations.insert(id->generation);
    queue.abandon(*id);
    if (i % 1000 == 0) world.run(std::chrono::milliseconds(1));
  }
  EXPECT_GE(generations.size(), 2 * kLanes);
}

TEST_F(QueueTest, StopsWhenAnotherProcessTakesOver) {
  MailQueue first(*disk, world, world.executor(), into(retired));
  ASSERT_TRUE(run(first.open()));
  ASSERT_FALSE(run(put(*disk, first, world, 1)).empty());
  MailQueue second(*disk, world, world.executor(), into(retired));
  ASSERT_TRUE(run(second.open()));
  EXPECT_TRUE(run(put(*disk, first, world, 1)).empty()) << "the epoch is not ours any more";
  EXPECT_EQ(run(deliver_all(first, world)).size(), 0u);
  EXPECT_EQ(run(deliver_all(second, world)).size(), 1u);
}

// Rows 1 to 11 of docs/states/queue.md: the process dies at each of its changes, once with the
// change made and once without, and a new one goes on.
TEST_F(QueueTest, LosesNothingWhereverItDies) {
  bool done = false;
  for (std::uint64_t at = 0; !done; ++at) {
    for (const bool applied : {false, true}) {
      SCOPED_TRACE(::testing::Message() << "at=" << at << " applied=" << applied);
      sim::World fresh(at);
      auto store = *store::open("memory:", "", fresh);
      std::set<std::string> acknowledged, delivered;
      Retired journal;
      FailingStore failing(*store, {.at = at, .apply_last = applied});
      {
        MailQueue queue(failing, fresh, fresh.executor(), into(journal));
        bool over = false;
        fresh.spawn([](FailingStore& s, MailQueue& q, rt::World& w, std::set<std::string>& ok,
                       std::set<std::string>& out, bool& finished) -> Task<void> {
          auto opened = co_await q.open();
          for (int i = 0; opened && i < 3; ++i) {
            std::string id = co_await put(s, q, w, 2);
            if (!id.empty()) ok.insert(id);
          }
          std::set<std::string> gone = co_await deliver_all(q, w);
          out.insert(gone.begin(), gone.end());
          q.start();
          auto bell = w.timers.timer(q.executor());
          auto slept = co_await bell->wait_until(w.clock.now() + std::chrono::seconds(3));
          static_cast<void>(slept);
          co_await q.finish();
          finished = true;
        }(failing, queue, fresh, acknowledged, delivered, over));
        ASSERT_TRUE(fresh.run_until([&] { return over; }));
      }
      done = !failing.dead();

      MailQueue queue(*store, fresh, fresh.executor(), into(journal));
      bool over = false;
      std::set<std::string> later;
      std::size_t left = 99;
      fresh.spawn([](MailQueue& q, rt::World& w, std::set<std::string>& out, std::size_t& waiting,
                     bool& finished) -> Task<void> {
        auto opened = co_await q.open();
        EXPECT_TRUE(opened);
        out = co_await deliver_all(q, w);
        waiting = q.messages();
        q.start();
        auto bell = w.timers.timer(q.executor());
        auto slept = co_await bell->wait_until(w.clock.now() + std::chrono::seconds(3));
        static_cast<void>(slept);
        co_await q.finish();
        finished = true;
      }(queue, fresh, later, left, over));
      ASSERT_TRUE(fresh.run_until([&] { return over; }));
      EXPECT_EQ(left, 0u);
      for (const std::string& id : delivered)
        EXPECT_FALSE(later.contains(id)) << id << " was settled twice";
      later.insert(delivered.begin(), delivered.end());
      // Also one whose outcome was committed, but the process died before it heard so.
      later.insert(acknowledged.begin(), acknowledged.end());

      // What was acknowledged was delivered, and each event is in the journal once.
      auto told = testing::told(testing::events_in(journal));
      for (const auto& [what, times] : told) EXPECT_EQ(times, 1) << what;
      for (const std::string& id : later)
        for (const char* rest : {" accept done u0@example.test", " accept done u1@example.test",
                                 " deliver done u0@example.test", " deliver done u1@example.test"})
          EXPECT_EQ(told[id + rest], 1) << id << rest;
    }
  }
}

}  // namespace
}  // namespace ph::queue
