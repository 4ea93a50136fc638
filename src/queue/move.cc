// How deferred messages get from where they are to the partition of the hour that they wait for.
//
// A group of messages is written down as a plan ("!move": target, ids) where they are; then their
// rows are put into the target in one batch; then rows and plan are deleted at the source. A crash
// leaves the plan: if the target has the first of them the batch was made, and the source's rows
// go; if not, the plan goes. So a message is never in two places that are read.
#include <algorithm>

#include "base/record.h"
#include "queue/home.h"

namespace ph::queue {
namespace {

enum PlanTag : std::uint32_t { target = 1, id_tag, jobs_rows };

struct Plan {
  store::Partition target;
  std::vector<std::pair<QueueId, std::size_t>> moved;  // and how many rows of recipients it has
};

std::size_t rows_of(const Message& message) {
  return (message.jobs.size() + kJobsPerRow - 1) / kJobsPerRow;
}

/// Of the events that go into a plan's batch; the plan itself, and one message's more, fit beside
/// it.
constexpr std::size_t kUnsaidOctetsMax = 400 << 10;

/// What its rows take, about.
std::size_t octets_of(const Message& message) {
  std::size_t sum = 512 + message.added.size() + message.peer.size();
  for (const std::string& address : message.delivered_to) sum += address.size() + 8;
  for (const Job& job : message.jobs)
    sum += 80 + job.recipient.local.size() + job.recipient.domain.size() + job.why.size() +
           job.host.size() + job.reply.size() + job.original.size();
  return sum;
}

std::string format_plan(const Plan& plan) {
  RecordWriter w(1);
  w.text(PlanTag::target, plan.target);
  for (const auto& [id, rows] : plan.moved)
    w.text(PlanTag::id_tag, to_string(id)).number(PlanTag::jobs_rows, rows);
  return w.take();
}

Result<Plan> parse_plan(std::string_view octets) {
  PH_TRY(RecordReader r, RecordReader::open(octets, 1));
  Plan plan;
  while (r.next()) {
    if (r.tag() == PlanTag::target) plan.target = r.text();
    if (r.tag() == PlanTag::id_tag) {
      PH_TRY(const QueueId id, parse_queue_id(r.text()));
      plan.moved.emplace_back(id, 0);
    }
    if (r.tag() == PlanTag::jobs_rows && !plan.moved.empty())
      plan.moved.back().second = static_cast<std::size_t>(r.number());
  }
  if (r.broken() || plan.target.empty() || plan.moved.empty())
    return fail(Kind::corrupt, "plan of messages to move cannot be read");
  return plan;
}

store::Batch leave_batch(const Plan& plan) {
  store::Batch batch;
  batch.puts.push_back({kMoveKey, std::nullopt});
  for (const auto& [id, rows] : plan.moved) {
    batch.puts.push_back({message_key(id), std::nullopt});
    for (std::size_t row = 0; row < rows; ++row)
      batch.puts.push_back({jobs_key(id, row), std::nullopt});
  }
  return batch;
}

}  // namespace

/// A plan that a crash, or a failing store, left behind.
Task<Result<Done>> MailQueue::finish_move(HomePtr from) {
  PH_CO_TRY(auto left, co_await store_.get(from->partition, {kMoveKey}));
  if (left.empty()) co_return Done{};
  PH_CO_TRY(Plan plan, parse_plan(left.front().value));
  PH_CO_TRY(auto there, co_await store_.get(plan.target, {message_key(plan.moved.front().first)}));
  store::Batch batch;
  if (there.empty())
    batch.puts.push_back({kMoveKey, std::nullopt});
  else
    batch = leave_batch(plan);
  co_return co_await commit(from, std::move(batch));
}

Task<Result<Done>> MailQueue::move(HomePtr from, HomePtr to, std::vector<EntryPtr> entries) {
  Plan plan{.target = to->partition, .moved = {}};
  store::Batch arrive;
  for (const EntryPtr& entry : entries) {
    const Message& message = *entry->message;
    plan.moved.emplace_back(message.id, rows_of(message));
    arrive.puts.push_back({message_key(message.id), format_message(message)});
    put_jobs(arrive, message.id, message.jobs, {});
    PH_CO_TRY([[maybe_unused]] auto linked,
              co_await store_.link(message.blob, holder_in(to->partition, message.id)));
  }
  store::Batch intent;
  intent.puts.push_back({kMoveKey, format_plan(plan)});
  // Events that have no row yet: theirs is the batch that is written anyway.
  std::vector<std::vector<EventRow>> rows;
  for (const EntryPtr& entry : entries) {
    rows.push_back(entry->event_rows);
    put_events(intent, entry->message->id, entry->unsaid, rows.back());
  }
  PH_CO_TRY([[maybe_unused]] auto planned, co_await commit(from, std::move(intent)));
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      entries[i]->event_rows = std::move(rows[i]);
      forget_unsaid(entries[i]->message->id, *entries[i], entries[i]->unsaid.size());
    }
  }
  auto put = co_await commit(to, std::move(arrive));
  if (put) put = co_await commit(from, leave_batch(plan));
  if (!put) {
    // Which rows count is not known now: the messages are out of reach until it is.
    set_aside(from, to, entries);
    co_return put;
  }
  bool keep = false;
  {
    const std::lock_guard lock(mutex_);
    keep = to->loaded;
    for (const EntryPtr& entry : entries) {
      const QueueId id = entry->message->id;
      for (EventRow& row : entry->event_rows)
        from->unretired.emplace(std::move(row.key), row.octets);
      entry->event_rows.clear();
      --from->live;
      ++to->messages;
      entry->home = to;
      if (keep) {
        ++to->live;
      } else {
        entries_.erase(id);
      }
    }
  }
  for (const EntryPtr& entry : entries) {
    const Message& message = *entry->message;
    auto released = co_await store_.unlink(message.blob, holder_in(from->partition, message.id));
    if (!released) world_.log.error("queue: a body could not be released", released.error());
  }
  co_return Done{};
}

void MailQueue::set_aside(const HomePtr& from, const HomePtr& to,
                          const std::vector<EntryPtr>& entries) {
  const std::lock_guard lock(mutex_);
  from->unfinished = to;
  to->awaited = true;
  for (const EntryPtr& entry : entries) {
    from->set_aside.push_back(entry->message->id);
    entries_.erase(entry->message->id);
    --from->live;
  }
}

/// Moves that the store did not let end: what set_aside() took away comes back.
Task<Result<Done>> MailQueue::finish_moves() {
  for (const HomePtr& from : homes()) {
    if (!from->unfinished) continue;
    PH_CO_TRY([[maybe_unused]] auto done, co_await finish_move(from));
    PH_CO_TRY([[maybe_unused]] auto here, co_await load_again(from, from->set_aside));
    if (from->unfinished->loaded) {
      PH_CO_TRY([[maybe_unused]] auto there,
                co_await load_again(from->unfinished, from->set_aside));
    }
    from->unfinished->awaited = false;
    from->unfinished.reset();
    from->set_aside.clear();
  }
  co_return Done{};
}

/// Under mutex_. It waits for long, and not where it should.
bool MailQueue::is_deferred(const Entry& entry, Wall soon) const {
  if (!entry.taken.empty() || entry.home->unfinished) return false;
  const Wall next = next_attempt(*entry.message).value_or(Wall::max());
  return next > soon && (entry.home->generation || entry.home->hour != hour_of(next));
}

MailQueue::Groups MailQueue::deferred() const {
  const Wall now = world_.clock.wall();
  Groups groups;
  std::optional<QueueId> last;
  for (bool more = true; more;) {
    const std::lock_guard lock(mutex_);  // for some thousand at a time: accept() waits for it
    auto it = last ? entries_.upper_bound(*last) : entries_.begin();
    for (std::size_t n = 0; it != entries_.end() && n < kMoveScanMax; ++it, ++n) {
      last = it->first;
      const Entry& entry = *it->second;
      // Fresh mail mostly goes soon: what was just taken is not moved at once.
      if (entry.home->generation && now - entry.message->accepted < kMoveEvery) continue;
      if (!is_deferred(entry, now + kMoveAhead)) continue;
      const Wall next = next_attempt(*entry.message).value_or(Wall::max());
      groups[{entry.home->partition, hour_of(next)}].push_back(it->second);
    }
    more = it != entries_.end();
  }
  return groups;
}

/// At most kMoveMessagesMax of them.
Task<Result<Done>> MailQueue::move_group(HomePtr from, std::uint32_t hour,
                                         std::vector<EntryPtr> group) {
  PH_CO_TRY(HomePtr to, co_await due_home(hour));
  std::vector<EntryPtr> now;
  {
    const std::lock_guard lock(mutex_);
    const Wall soon = world_.clock.wall() + kMoveAhead;
    for (const EntryPtr& entry : group) {  // as long as they still fit
      const bool same = entry->home == from && is_deferred(*entry, soon) &&
                        hour_of(next_attempt(*entry->message).value_or(Wall::max())) == hour;
      if (!same || !entries_.contains(entry->message->id) || !entry->turn.try_take()) continue;
      entry->moving = true;
      schedule(entry->message->id, *entry);  // out of reach of take_due()
      now.push_back(entry);
    }
  }
  Result<Done> moved = Done{};
  if (!now.empty()) moved = co_await move(from, std::move(to), now);
  {
    const std::lock_guard lock(mutex_);
    for (const EntryPtr& entry : now) {
      entry->moving = false;
      const auto found = entries_.find(entry->message->id);
      if (found != entries_.end() && found->second == entry) schedule(entry->message->id, *entry);
    }
  }
  for (const EntryPtr& entry : now) entry->turn.leave();
  co_return moved;
}

std::size_t MailQueue::unsaid_octets(const Entry& entry) {
  std::size_t sum = 0;
  for (const Event& event : entry.unsaid) sum += octets_of(event);
  return sum;
}

Task<void> MailQueue::move_deferred() {
  co_await homes_turn_.take();
  auto finished = co_await finish_moves();
  if (!finished)
    world_.log.error("queue: messages between two places are out of reach, trying again",
                     finished.error());
  for (auto& [where, all] : deferred()) {
    const HomePtr from = all.front()->home;
    const std::uint32_t hour = where.second;
    std::vector<EntryPtr> group;
    std::size_t rows = 0, octets = 0, unsaid = 0;
    for (std::size_t i = 0; i < all.size() && !stopping_; ++i) {
      const std::size_t its = octets_of(*all[i]->message);
      if (its <= kBatchOctetsMax) {  // more than a batch can hold stays where it is
        group.push_back(all[i]);
        rows += rows_of(*all[i]->message);
        octets += its;
        unsaid += unsaid_octets(*all[i]);
      }
      const bool last = i + 1 == all.size();
      const std::size_t next = last ? 0 : octets_of(*all[i + 1]->message);
      const std::size_t next_unsaid = last ? 0 : unsaid_octets(*all[i + 1]);
      const bool full = group.size() >= kMoveMessagesMax || rows >= kMoveRowsMax ||
                        octets + next > kBatchOctetsMax || unsaid + next_unsaid > kUnsaidOctetsMax;
      if (group.empty() || (!full && !last)) continue;
      rows = octets = unsaid = 0;
      auto moved = co_await move_group(from, hour, std::exchange(group, {}));
      if (!moved) {
        world_.log.error("queue: deferred messages could not be moved, trying again",
                         moved.error());
        break;
      }
    }
  }
  if (!stopping_) {
    auto loaded = co_await load_due(world_.clock.wall() + kLoadAhead);
    if (!loaded)
      world_.log.error("queue: deferred messages could not be read, trying again", loaded.error());
  }
  homes_turn_.leave();
}

}  // namespace ph::queue
