// A queue over a store in memory, in virtual time: what its tests, and those of the rooms above,
// have in common. Header only.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "queue/queue.h"
#include "sim/world.h"
#include "store/testing/failing_store.h"

namespace ph::queue::testing {

/// What the journal was given, by origin.
using Retired = std::map<std::string, std::string>;

inline Retire into(Retired& retired) {
  return [&retired](std::uint32_t, std::vector<EventBlock> blocks) -> Task<Result<Done>> {
    for (const EventBlock& block : blocks) {
      const auto [it, fresh] = retired.emplace(block.origin, block.packed);
      EXPECT_TRUE(fresh || it->second == block.packed) << "one origin, two contents: " << it->first;
    }
    co_return Done{};
  };
}

/// All events in it.
inline std::vector<Event> events_in(const Retired& retired) {
  std::vector<Event> all;
  for (const auto& [origin, packed] : retired) {
    auto events = parse_events(packed);
    EXPECT_TRUE(events) << origin;
    if (events) std::ranges::move(*events, std::back_inserter(all));
  }
  return all;
}

/// How often it was said, by "<queue id> <stage> <outcome> <recipient>".
inline std::map<std::string, int> told(const std::vector<Event>& events) {
  std::map<std::string, int> times;
  for (const Event& e : events)
    ++times[e.queue_id + " " + std::string(to_string(e.stage)) + " " +
            std::string(to_string(e.outcome)) + " " + e.recipient];
  return times;
}

/// A message as intake accepts it, with u0@, u1@, ... `domain` and an event for each.
struct Fresh {
  std::size_t jobs = 1;
  std::string domain = "example.test";
  message::Address sender = {"a", "example.test"};
  std::string body = "Subject: a body\r\n\r\nhello\r\n";
  std::vector<message::Address> recipients = {};  // instead of jobs and domain
  std::uint8_t notify = Notify::usual;
};

/// Its id; "": not accepted.
inline Task<std::string> put(store::Store& store, MailQueue& queue, rt::World& world,  // NOLINT
                             Fresh fresh) {
  auto id = queue.reserve();
  if (!id) co_return "";
  auto blob = store.blob(std::nullopt);
  Result<store::BlobInfo> sealed = fail(Kind::unavailable, "no blob");
  if (blob) {
    auto written = co_await (*blob)->write(fresh.body);
    if (written) sealed = co_await (*blob)->seal(MailQueue::holder(*id));
  }
  if (!sealed) {
    queue.abandon(*id);
    co_return "";
  }
  Message message;
  message.id = *id;
  message.sender = fresh.sender;
  message.accepted = world.clock.wall();
  message.blob = (*blob)->id();
  message.octets = fresh.body.size();
  for (std::size_t i = 0; fresh.recipients.size() < fresh.jobs; ++i)
    fresh.recipients.push_back({"u" + std::to_string(i), fresh.domain});
  std::vector<Event> events;
  for (const message::Address& to : fresh.recipients) {
    message.jobs.push_back(
        {.recipient = to, .notify = fresh.notify, .next_attempt = message.accepted});
    events.push_back({.at = message.accepted,
                      .stage = Stage::accept,
                      .outcome = Outcome::done,
                      .queue_id = to_string(*id),
                      .recipient = message::to_string(to)});
  }
  auto accepted = co_await queue.accept(std::move(message), std::move(events));
  co_return accepted ? to_string(*id) : "";
}

inline Task<std::string> put(store::Store& store, MailQueue& queue, rt::World& world,  // NOLINT
                             std::size_t jobs, std::string domain = "example.test") {
  Fresh fresh{.jobs = jobs, .domain = std::move(domain)};
  co_return co_await put(store, queue, world, std::move(fresh));
}

/// Takes what is due: puts it off for `wait`, or (0) delivers it, with an event for each recipient.
/// Returns "<id>.<job>" of what was written down.
inline Task<std::multiset<std::string>> attempt(MailQueue& queue, rt::World& world,  // NOLINT
                                                std::chrono::seconds wait) {
  std::multiset<std::string> done;
  const bool later = wait > std::chrono::seconds(0);
  while (auto due = queue.take_due()) {
    Settled settled;
    for (const std::uint32_t index : due->jobs) {
      Job job = due->message->jobs[index];
      if (later) {
        ++job.attempts;
        job.next_attempt = world.clock.wall() + wait;
        job.why = "put off";
      } else {
        job.state = JobState::delivered;
      }
      settled.events.push_back({.at = world.clock.wall(),
                                .stage = Stage::deliver,
                                .outcome = later ? Outcome::deferred : Outcome::done,
                                .queue_id = to_string(due->message->id),
                                .recipient = message::to_string(job.recipient)});
      settled.changed.emplace_back(index, std::move(job));
    }
    auto recorded = co_await queue.settle(due->message->id, std::move(settled));
    if (!recorded) {
      queue.give_back(due->message->id, due->jobs, std::chrono::seconds(1));
      break;
    }
    for (const std::uint32_t index : due->jobs)
      done.insert(to_string(due->message->id) + "." + std::to_string(index));
  }
  co_return done;
}

/// A store in memory and a world, and coroutines run to their end.
struct QueueHouse : ::testing::Test {
  sim::World world{1};
  Retired retired;
  std::unique_ptr<store::Store> disk = *store::open("memory:", "", world);

  template <class T>
  T run(Task<T> task) {
    return run(world, std::move(task));
  }
  template <class T>
  static T run(sim::World& world, Task<T> task) {
    std::optional<T> value;
    world.spawn([](Task<T> t, std::optional<T>& v) -> Task<void> {
      v.emplace(co_await std::move(t));
    }(std::move(task), value));
    EXPECT_TRUE(world.run_until([&] { return value.has_value(); }, std::chrono::hours(24)));
    return *std::move(value);
  }
  static void run(sim::World& world, Task<void> task) {
    bool done = false;
    world.spawn([](Task<void> t, bool& d) -> Task<void> {
      co_await std::move(t);
      d = true;
    }(std::move(task), done));
    EXPECT_TRUE(world.run_until([&] { return done; }, std::chrono::hours(24)));
  }
  void finish(MailQueue& queue) { run(world, queue.finish()); }
  std::size_t partitions(std::string_view place) {
    auto found = run(disk->list("q/00" + std::string(place), "", 1000));
    return found ? found->size() : 0;
  }
};

/// One crash: the process dies at change number `at` of the store, with it made or not.
struct Crash {
  std::uint64_t at = 0;
  bool applied = false;
};

/// Walks through all crashes. `life(crash)` runs one whole story, from an empty store over the
/// crash to the end, and says whether the crash came: where it did not, all were tried.
inline std::uint64_t at_every_change(const std::function<bool(Crash)>& life) {
  for (std::uint64_t at = 0;; ++at) {
    for (const bool applied : {false, true}) {
      SCOPED_TRACE(::testing::Message() << "at=" << at << " applied=" << applied);
      const bool came = life({at, applied});
      if (!came) return at;
      if (::testing::Test::HasFailure()) return at;
    }
  }
}

}  // namespace ph::queue::testing
