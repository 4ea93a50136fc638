// What administrators order of the queue.
#include <fmt/format.h>

#include <algorithm>

#include "queue/home.h"

namespace ph::queue {
namespace {

bool says_something(const Select& which) {
  return which.all || !which.queue_id.empty() || !which.sender.empty() ||
         !which.recipient.empty() || !which.domain.empty();
}

constexpr Literal kOrderWords[] = {"held by an administrator", "released by an administrator",
                                   "to be tried now, an administrator says",
                                   "removed from the queue by an administrator"};

}  // namespace

/// Takes homes_turn_: nothing is between two places. A store that fails in the middle of a move
/// keeps it.
Task<Result<Done>> MailQueue::stand_still(rt::Instant deadline) {
  const auto timer = world_.timers.timer(executor_);
  while (!homes_turn_.try_take()) {
    if (world_.clock.now() >= deadline)
      co_return fail(Kind::unavailable, "messages are being moved, and the store does not answer");
    auto slept = co_await timer->wait_until(world_.clock.now() + kStandStillPollEvery);
    static_cast<void>(slept);
  }
  co_return Done{};
}

/// Brings what an order is about into memory. With homes_turn_ held.
Task<Result<Done>> MailQueue::load_for(Select which) {
  std::optional<QueueId> id;
  if (!which.queue_id.empty()) {
    PH_CO_TRY(id, parse_queue_id(which.queue_id));
    if (find(*id)) co_return Done{};
  }
  for (const HomePtr& home : homes()) {
    if (home->loaded) continue;
    if (home->awaited)
      co_return fail(Kind::unavailable, "the store did not let a move of messages end: try again");
    if (id) {
      PH_CO_TRY(const auto there, co_await store_.get(home->partition, {message_key(*id)}));
      if (there.empty()) continue;
    }
    if (messages() >= limits_.messages_max)
      co_return fail(Kind::over_limit, "too many messages wait to order them all at once");
    PH_CO_TRY([[maybe_unused]] auto loaded, co_await load_home(home));
  }
  co_return Done{};
}

/// Partitions with messages that a route keeps. With homes_turn_ held.
Task<Result<Done>> MailQueue::load_kept() {
  for (const HomePtr& home : homes()) {
    if (home->loaded || home->awaited) continue;
    bool any = false;
    PH_CO_TRY([[maybe_unused]] auto walked, co_await walk(home, [&any](const Message& message) {
                any = std::ranges::any_of(message.jobs, [](const Job& job) { return job.kept; });
                return !any;
              }));
    if (!any) continue;
    if (messages() >= limits_.messages_max)
      co_return fail(Kind::over_limit, "too many messages wait to look at them all at once");
    PH_CO_TRY([[maybe_unused]] auto loaded, co_await load_home(home));
  }
  co_return Done{};
}

Task<Result<Done>> MailQueue::look_again() {
  PH_CO_TRY([[maybe_unused]] auto ours, co_await stand_still(world_.clock.now() + kStandStillMax));
  auto loaded = co_await load_kept();
  std::vector<QueueId> kept;
  visit_entries([&kept](const Entry& entry) {
    const auto waits = [](const Job& job) { return job.kept && job.open(); };
    if (std::ranges::any_of(entry.message->jobs, waits)) kept.push_back(entry.message->id);
    return true;
  });
  for (const QueueId& id : kept) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found == entries_.end()) continue;
    Entry& entry = *found->second;
    auto after = std::make_shared<Message>(*entry.message);
    for (std::uint32_t i = 0; i < after->jobs.size(); ++i) {
      Job& job = after->jobs[i];
      if (job.kept && job.open() && !has(entry.taken, i))
        job.next_attempt = std::min(job.next_attempt, world_.clock.wall());
    }
    entry.message = after;
    schedule(id, entry);
  }
  homes_turn_.leave();
  wake();
  co_return loaded;
}

Task<Result<Done>> MailQueue::order_one(Order what, Select which, QueueId id,
                                        std::shared_ptr<Changed> sum) {
  const auto message = find(id);
  if (!message || !fits(which, *message)) co_return Done{};
  Settled settled;
  const Wall now = world_.clock.wall();
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found == entries_.end()) co_return Done{};
    Entry& entry = *found->second;
    for (std::uint32_t i = 0; i < entry.message->jobs.size(); ++i) {
      Job job = entry.message->jobs[i];
      if (job.state != JobState::waiting || !fits(which, job)) continue;
      if (has(entry.taken, i)) {
        ++sum->attempting;
        continue;
      }
      const Job before = job;
      const bool free = !job.held && !job.kept;
      if (what == Order::hold) {
        job.held = true;
        job.kept = job.released = false;
      }
      if (what == Order::release) {
        job.held = job.kept = false;
        job.released = true;
      }
      if (what == Order::release || what == Order::retry)
        job.next_attempt = std::min(job.next_attempt, now);
      if (what == Order::remove) job.state = JobState::removed;
      if (job == before || (what == Order::release && free)) {
        ++sum->unchanged;
        continue;
      }
      entry.taken.push_back(i);  // settle() gives it back
      const auto words = kOrderWords[static_cast<std::size_t>(what)];
      settled.events.push_back({.at = now,
                                .stage = Stage::administer,
                                .outcome = ph::Outcome::note,
                                .queue_id = to_string(id),
                                .message_id = entry.message->message_id,
                                .sender = message::to_string(entry.message->sender),
                                .recipient = message::to_string(job.recipient),
                                .why = std::string(words.text)});
      settled.changed.emplace_back(i, std::move(job));
    }
  }
  if (settled.changed.empty()) co_return Done{};
  const std::size_t count = settled.changed.size();
  std::vector<std::uint32_t> taken;
  for (const auto& [index, job] : settled.changed) taken.push_back(index);
  auto done = co_await settle(id, std::move(settled));
  if (!done) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found != entries_.end()) {
      give_up_jobs(*found->second, taken);
      schedule(id, *found->second);
    }
    co_return done;
  }
  sum->recipients += count;
  co_return Done{};
}

Task<Result<Changed>> MailQueue::order(Order what, Select which) {
  if (!says_something(which))
    co_return fail(Kind::malformed, "say which messages: an id, an address, a domain, or all");
  // Held to the end: no message moves away under the order.
  PH_CO_TRY([[maybe_unused]] auto ours, co_await stand_still(world_.clock.now() + kStandStillMax));
  auto sum = co_await order_all(what, std::move(which));
  homes_turn_.leave();
  if (sum && (what == Order::release || what == Order::retry)) wake();
  co_return sum;
}

Task<Result<Changed>> MailQueue::order_all(Order what, Select which) {
  PH_CO_TRY([[maybe_unused]] auto loaded, co_await load_for(which));
  std::vector<QueueId> ids;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : entries_)
      if (fits(which, *entry->message)) ids.push_back(id);
  }
  if (ids.empty() && !which.queue_id.empty())
    co_return fail(Kind::not_found, "no such message in the queue", which.queue_id);
  auto sum = std::make_shared<Changed>();  // shared: with order_one(), which we await
  for (const QueueId& id : ids) {
    PH_CO_TRY([[maybe_unused]] auto done, co_await order_one(what, which, id, sum));
  }
  co_return *sum;
}

Task<Result<Changed>> MailQueue::hold(Select which) {
  co_return co_await order(Order::hold, std::move(which));
}
Task<Result<Changed>> MailQueue::release(Select which) {
  co_return co_await order(Order::release, std::move(which));
}
Task<Result<Changed>> MailQueue::retry(Select which) {
  co_return co_await order(Order::retry, std::move(which));
}
Task<Result<Changed>> MailQueue::remove(Select which) {
  co_return co_await order(Order::remove, std::move(which));
}

}  // namespace ph::queue
