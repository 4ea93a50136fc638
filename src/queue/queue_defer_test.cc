// Deferred messages: moved to the partition of their hour, out of memory, back in time; and what
// administrators order.
#include <gtest/gtest.h>

#include <set>

#include "queue/queue.h"
#include "sim/world.h"
#include "store/testing/failing_store.h"

namespace ph::queue {
namespace {

using namespace std::chrono_literals;
using store::testing::FailingStore;

using Retired = std::map<std::string, std::string>;

Retire into(Retired& retired) {
  return [&retired](std::uint32_t, std::vector<EventBlock> blocks) -> Task<Result<Done>> {
    for (const EventBlock& block : blocks) {
      const auto [it, fresh] = retired.emplace(block.origin, block.packed);
      EXPECT_TRUE(fresh || it->second == block.packed) << "one origin, two contents: " << it->first;
    }
    co_return Done{};
  };
}

/// A message with `jobs` recipients, as intake makes it. "": not accepted.
Task<std::string> put(store::Store& store, MailQueue& queue, rt::World& world,  // NOLINT
                      std::size_t jobs, std::string domain) {
  auto id = queue.reserve();
  if (!id) co_return "";
  auto blob = store.blob(std::nullopt);
  Result<store::BlobInfo> sealed = fail(Kind::unavailable, "no blob");
  if (blob) {
    auto written = co_await (*blob)->write("body");
    sealed = co_await (*blob)->seal(MailQueue::holder(*id));
  }
  if (!sealed) {
    queue.abandon(*id);
    co_return "";
  }
  Message message;
  message.id = *id;
  message.sender = {"a", "example.test"};
  message.accepted = world.clock.wall();
  message.blob = (*blob)->id();
  for (std::size_t i = 0; i < jobs; ++i)
    message.jobs.push_back(
        {.recipient = {"u" + std::to_string(i), domain}, .next_attempt = message.accepted});
  std::vector<Event> events{{.at = message.accepted,
                             .stage = Stage::accept,
                             .outcome = ph::Outcome::done,
                             .queue_id = to_string(*id)}};
  auto accepted = co_await queue.accept(std::move(message), std::move(events));
  co_return accepted ? to_string(*id) : "";
}

/// Takes what is due: puts it off for `wait`, or (0) delivers it. Returns "<id>.<job>".
Task<std::multiset<std::string>> attempt(MailQueue& queue, rt::World& world,  // NOLINT
                                         std::chrono::seconds wait) {
  std::multiset<std::string> done;
  while (auto due = queue.take_due()) {
    Settled settled;
    for (const std::uint32_t index : due->jobs) {
      Job job = due->message->jobs[index];
      if (wait > 0s) {
        ++job.attempts;
        job.next_attempt = world.clock.wall() + wait;
        job.why = "put off";
      } else {
        job.state = JobState::delivered;
      }
      settled.changed.emplace_back(index, job);
    }
    settled.events.push_back({.at = world.clock.wall(),
                              .stage = Stage::deliver,
                              .outcome = wait > 0s ? ph::Outcome::deferred : ph::Outcome::done,
                              .queue_id = to_string(due->message->id)});
    auto recorded = co_await queue.settle(due->message->id, std::move(settled));
    if (!recorded) {
      queue.give_back(due->message->id, due->jobs, 1s);
      break;
    }
    for (const std::uint32_t index : due->jobs)
      done.insert(to_string(due->message->id) + "." + std::to_string(index));
  }
  co_return done;
}

struct QueueDefer : ::testing::Test {
  sim::World world{1};
  Retired retired;
  std::unique_ptr<store::Store> disk = *store::open("memory:", "", world);

  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    world.spawn([](Task<T> t, std::optional<T>& v) -> Task<void> {
      v.emplace(co_await std::move(t));
    }(std::move(task), value));
    EXPECT_TRUE(world.run_until([&] { return value.has_value(); }, 24h));
    return *std::move(value);
  }
  void finish(MailQueue& queue) {
    bool done = false;
    world.spawn([](MailQueue& q, bool& d) -> Task<void> {
      co_await q.finish();
      d = true;
    }(queue, done));
    EXPECT_TRUE(world.run_until([&] { return done; }, 24h));
  }
  std::size_t partitions(std::string_view place) {
    auto found = run(disk->list("q/00/" + std::string(place), "", 1000));
    return found ? found->size() : 0;
  }
};

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
  EXPECT_GE(partitions("due/"), 1u);
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
  EXPECT_EQ(partitions("due/"), 0u) << "drained";
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
          auto slept = co_await bell->wait_until(w.clock.now() + 10min);
          for (int i = 0; opened && i < 3; ++i) {
            slept = co_await bell->wait_until(w.clock.now() + 1h);
            auto gone = co_await attempt(q, w, std::chrono::seconds(0s));
            out.insert(gone.begin(), gone.end());
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
      std::map<std::string, int> told;
      for (const auto& [origin, packed] : journal) {
        auto events = parse_events(packed);
        ASSERT_TRUE(events);
        for (const Event& e : *events)
          if (e.outcome == ph::Outcome::done)
            ++told[e.queue_id + " " + std::string(to_string(e.stage))];
      }
      for (const std::string& id : acknowledged) {
        EXPECT_EQ(told[id + " accept"], 1) << id;
        EXPECT_EQ(told[id + " deliver"], 1) << id;
      }
    }
  }
}

}  // namespace
}  // namespace ph::queue
