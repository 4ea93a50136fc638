// What an administrator sees of the queue, and what they order.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/ascii.h"
#include "queue/home.h"

namespace ph::queue {
namespace {

std::string_view state_of(const Job& job, bool taken) {
  switch (job.state) {
    case JobState::waiting: return job.held ? "held" : taken ? "attempting" : "waiting";
    case JobState::delivered: return "delivered";
    case JobState::expanded: return "expanded";
    case JobState::failed: return "failed";
    case JobState::removed: return "removed";
  }
  return "unknown";
}

JobInfo info(const Message& m, const Job& job, bool taken) {
  return {.queue_id = to_string(m.id),
          .sender = message::to_string(m.sender),
          .recipient = message::to_string(job.recipient),
          .state = std::string(state_of(job, taken)),
          .octets = m.octets,
          .accepted = m.accepted,
          .next_attempt = job.next_attempt,
          .attempts = job.attempts,
          .why = job.why,
          .host = job.host,
          .reply = job.reply};
}

bool same_address(const message::Address& address, std::string_view text) {
  return ascii_lower(message::to_string(address)) == ascii_lower(text);
}

/// Nothing asked for fits nothing, unless `all`.
bool fits(const Select& which, const Message& m) {
  if (!which.queue_id.empty() && ascii_lower(which.queue_id) != to_string(m.id)) return false;
  if (which.sender == "<>") return m.sender.null();
  return which.sender.empty() || same_address(m.sender, which.sender);
}

bool fits(const Select& which, const Job& job) {
  if (!which.domain.empty() && ascii_lower(which.domain) != job.recipient.domain) return false;
  return which.recipient.empty() || same_address(job.recipient, which.recipient);
}

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

/// Messages that are not in memory, read on the spot.
Task<Result<std::vector<std::shared_ptr<Message>>>> MailQueue::elsewhere(Select which) {
  std::vector<std::shared_ptr<Message>> found;
  for (const HomePtr& home : homes()) {
    if (home->loaded) continue;
    PH_CO_TRY(StoredMessages stored, co_await read_home(home));
    for (auto& [id, one] : stored)
      if (one.message && fits(which, *one.message)) found.push_back(std::move(one.message));
  }
  co_return found;
}

Task<Result<std::vector<JobInfo>>> MailQueue::list(Select which, std::size_t max,
                                                   rt::Instant deadline) {
  std::map<QueueId, std::pair<std::shared_ptr<const Message>, std::vector<std::uint32_t>>> found;
  PH_CO_TRY([[maybe_unused]] auto ours, co_await stand_still(deadline));
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : entries_) {
      if (found.size() >= max) break;
      const Message& m = *entry->message;
      const bool shown = std::ranges::any_of(m.jobs, [&](const Job& job) {
        return job.state == JobState::waiting && fits(which, job);
      });
      if (shown && fits(which, m)) found[id] = {entry->message, entry->taken};
    }
  }
  auto others = co_await elsewhere(which);
  homes_turn_.leave();
  if (!others) co_return std::unexpected(std::move(others).error());
  for (const auto& message : *others) found[message->id] = {message, {}};
  std::vector<JobInfo> jobs;
  for (const auto& [id, one] : found) {
    const auto& [m, taken] = one;
    for (std::uint32_t i = 0; i < m->jobs.size() && jobs.size() < max; ++i)
      if (m->jobs[i].state == JobState::waiting && fits(which, m->jobs[i]))
        jobs.push_back(info(*m, m->jobs[i], has(taken, i)));
  }
  co_return jobs;
}

Task<Result<std::vector<JobInfo>>> MailQueue::show(std::string queue_id, rt::Instant deadline) {
  PH_CO_TRY(const QueueId id, parse_queue_id(queue_id));
  const Select which{.queue_id = queue_id};
  std::shared_ptr<const Message> message;
  std::vector<std::uint32_t> taken;
  PH_CO_TRY([[maybe_unused]] auto ours, co_await stand_still(deadline));
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found != entries_.end()) {
      message = found->second->message;
      taken = found->second->taken;
    }
  }
  Result<std::vector<std::shared_ptr<Message>>> others = std::vector<std::shared_ptr<Message>>();
  if (!message) others = co_await elsewhere(which);
  homes_turn_.leave();
  if (!others) co_return std::unexpected(std::move(others).error());
  if (!others->empty()) message = others->front();
  if (!message) co_return fail(Kind::not_found, "no such message in the queue", queue_id);
  std::vector<JobInfo> jobs;
  for (std::uint32_t i = 0; i < message->jobs.size(); ++i)
    jobs.push_back(info(*message, message->jobs[i], has(taken, i)));
  co_return jobs;
}

namespace {

struct Count {
  Stats stats;
  std::map<std::string, DestinationInfo> destinations;

  void add(const Message& m, const std::vector<std::uint32_t>& taken) {
    ++stats.messages;
    stats.octets += m.octets;
    if (!stats.oldest_accepted || m.accepted < *stats.oldest_accepted)
      stats.oldest_accepted = m.accepted;
    for (std::uint32_t i = 0; i < m.jobs.size(); ++i) {
      const Job& job = m.jobs[i];
      if (job.state != JobState::waiting) continue;
      ++stats.recipients;
      if (job.held) ++stats.held;
      if (job.attempts > 0) ++stats.deferred;
      if (has(taken, i))
        ++stats.attempting;
      else if (!job.held && (!stats.next_attempt || job.next_attempt < *stats.next_attempt))
        stats.next_attempt = job.next_attempt;
      auto& destination = destinations[job.recipient.domain];
      if (destination.recipients++ == 0 || m.accepted < destination.oldest)
        destination.oldest = m.accepted;
    }
  }
};

}  // namespace

Task<Result<Stats>> MailQueue::stats(rt::Instant deadline) {
  Count count;
  PH_CO_TRY([[maybe_unused]] auto ours, co_await stand_still(deadline));
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : entries_) count.add(*entry->message, entry->taken);
  }
  auto others = co_await elsewhere({});
  homes_turn_.leave();
  if (!others) co_return std::unexpected(std::move(others).error());
  for (const auto& message : *others) count.add(*message, {});
  auto& shown = count.stats.destinations;
  for (auto& [domain, destination] : count.destinations) {
    destination.domain = domain;
    shown.push_back(destination);
  }
  std::ranges::sort(shown, [](const DestinationInfo& a, const DestinationInfo& b) {
    return std::tie(b.recipients, a.domain) < std::tie(a.recipients, b.domain);
  });
  if (shown.size() > kDestinationsShown) shown.resize(kDestinationsShown);
  co_return std::move(count.stats);
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
    if (messages() >= kQueuedMessagesMax)
      co_return fail(Kind::over_limit, "too many messages wait to order them all at once");
    PH_CO_TRY([[maybe_unused]] auto loaded, co_await load_home(home));
  }
  co_return Done{};
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
      if (what == Order::hold) job.held = true;
      if (what == Order::release) job.held = false;
      if (what == Order::release || what == Order::retry)
        job.next_attempt = std::min(job.next_attempt, now);
      if (what == Order::remove) job.state = JobState::removed;
      if (job == before || (what == Order::release && !before.held)) {
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
