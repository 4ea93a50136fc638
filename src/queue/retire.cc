// How the events of settled messages go from the queue's partitions into the journal, each once.
//
// A group of event rows is written down as a plan ("!retire": day, number, keys), handed to the
// journal under the origin "<partition>#<number>", then rows and plan are deleted together. A crash
// anywhere repeats the plan with the same origin, which the journal stores once. "!retired" keeps
// the number of the next group, so that no origin is used twice.
#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/record.h"
#include "queue/home.h"

namespace ph::queue {
namespace {

enum PlanTag : std::uint32_t { day = 1, number, key };

struct Plan {
  std::uint32_t day = 0;
  std::uint64_t number = 0;
  std::vector<std::string> keys;
};

std::string format_plan(const Plan& plan) {
  RecordWriter w(1);
  w.number(PlanTag::day, plan.day).number(PlanTag::number, plan.number);
  for (const std::string& k : plan.keys) w.text(PlanTag::key, k);
  return w.take();
}

Result<Plan> parse_plan(std::string_view octets) {
  PH_TRY(RecordReader r, RecordReader::open(octets, 1));
  Plan plan;
  while (r.next()) {
    switch (r.tag()) {
      case PlanTag::day: plan.day = static_cast<std::uint32_t>(r.number()); break;
      case PlanTag::number: plan.number = r.number(); break;
      case PlanTag::key: plan.keys.emplace_back(r.text()); break;
      default: break;
    }
  }
  if (r.broken()) return fail(Kind::corrupt, "plan of events to retire cannot be read");
  return plan;
}

}  // namespace

Task<Result<Done>> MailQueue::finish_retire(HomePtr home, std::string octets) {
  PH_CO_TRY(Plan plan, parse_plan(octets));
  PH_CO_TRY(std::vector<store::Record> rows, co_await store_.get(home->partition, plan.keys));
  // The rows of a plan are cut into blocks in the same way each time.
  std::vector<EventBlock> blocks;
  for (store::Record& row : rows) {
    if (blocks.empty() || blocks.back().packed.size() + row.value.size() > kEventRowOctetsMax)
      blocks.push_back({fmt::format("{}#{}.{}", home->partition, plan.number, blocks.size()), {}});
    blocks.back().packed += row.value;
  }
  if (!blocks.empty()) {
    PH_CO_TRY([[maybe_unused]] auto stored, co_await retire_(plan.day, std::move(blocks)));
  }
  store::Batch batch;
  batch.puts.push_back({kRetireKey, std::nullopt});
  batch.puts.push_back({kRetiredKey, RecordWriter(1).number(1, plan.number + 1).take()});
  for (const std::string& k : plan.keys) batch.puts.push_back({k, std::nullopt});
  PH_CO_TRY([[maybe_unused]] auto done, co_await commit(home, std::move(batch)));
  const std::lock_guard lock(mutex_);
  for (const std::string& k : plan.keys) home->unretired.erase(k);
  home->retired_groups = std::max(home->retired_groups, plan.number + 1);
  co_return Done{};
}

Task<Result<bool>> MailQueue::retire_some(HomePtr home) {
  // A plan left by a failed try comes first: its rows are still there, its number is used.
  PH_CO_TRY(auto left, co_await store_.get(home->partition, {kRetireKey}, {.prio = 0}));
  if (!left.empty()) {
    PH_CO_TRY([[maybe_unused]] auto done,
              co_await finish_retire(home, std::move(left.front().value)));
    co_return true;
  }
  Plan plan{.day = day_of(world_.clock.wall()), .number = home->retired_groups, .keys = {}};
  {
    const std::lock_guard lock(mutex_);
    std::size_t octets = 0;
    for (const auto& [k, row_octets] : home->unretired) {
      octets += row_octets;
      if (plan.keys.size() >= kRetireRowsMax || octets > kRetireOctetsMax) break;
      plan.keys.push_back(k);
    }
  }
  if (plan.keys.empty()) co_return false;
  std::string written = format_plan(plan);
  store::Batch batch;
  batch.puts.push_back({kRetireKey, written});
  PH_CO_TRY([[maybe_unused]] auto planned, co_await commit(home, std::move(batch)));
  PH_CO_TRY([[maybe_unused]] auto done, co_await finish_retire(home, std::move(written)));
  co_return true;
}

Task<void> MailQueue::housekeeping() {
  while (!stopping_) {
    // With nothing to retire nobody wakes up every two seconds.
    if (nothing_to_retire()) {
      auto rung = co_await house_bell_->wait_until(world_.clock.now() + kMoveEvery);
      static_cast<void>(rung);
    }
    if (!stopping_) {
      auto slept = co_await house_bell_->wait_until(world_.clock.now() + kRetireEvery);
      static_cast<void>(slept);
    }
    for (const HomePtr& home : homes()) {
      bool more = true;
      while (more && !stopping_) {
        {
          const std::lock_guard lock(mutex_);
          if (home->unretired.empty()) break;
        }
        auto moved = co_await retire_some(home);
        if (!moved)
          world_.log.error("queue: events could not be moved to the journal, trying again",
                           moved.error());
        more = moved && *moved;
      }
    }
    if (!stopping_ && world_.clock.now() - moved_at_ >= kMoveEvery) {
      moved_at_ = world_.clock.now();
      co_await move_deferred();
    }
    co_await drop_drained();
  }
  running_ = false;
  stopped_->cancel();
}

bool MailQueue::nothing_to_retire() {
  const std::lock_guard lock(mutex_);
  const auto has_none = [](const auto& one) { return one.second->unretired.empty(); };
  house_idle_ =
      std::ranges::all_of(generations_, has_none) && std::ranges::all_of(hours_, has_none);
  return house_idle_;
}

Task<void> MailQueue::drop_drained() {
  co_await homes_turn_.take();
  for (const HomePtr& home : homes()) {
    bool drained = false;
    {
      const std::lock_guard lock(mutex_);
      drained = home->loaded && home->live == 0 && home->unretired.empty() &&
                !(home->generation && home->open) && !home->unfinished;
    }
    if (!drained || stopping_) continue;
    auto dropped = co_await drop_home(home);
    if (!dropped) world_.log.error("queue: a drained partition stays", dropped.error());
  }
  homes_turn_.leave();
}

void MailQueue::start() {
  running_ = true;
  rt::spawn(executor_, housekeeping());
}

Task<void> MailQueue::finish() {
  stopping_ = true;
  house_bell_->cancel();
  bell_->cancel();
  while (running_) {
    auto woken = co_await stopped_->wait_until(world_.clock.now() + std::chrono::seconds(1));
    static_cast<void>(woken);
  }
}

Task<Result<std::vector<Event>>> MailQueue::events(std::string term) {
  const auto fits = [&term](const Event& event) {
    return ascii_lower(event.queue_id) == term || ascii_lower(event.message_id) == term ||
           ascii_lower(event.sender) == term || ascii_lower(event.recipient) == term;
  };
  // An id leads to its rows, which may have moved on; anything else is looked for in all of them.
  const auto id = parse_queue_id(term);
  const store::Range range =
      id ? store::Range{event_key(*id, 0), event_key(*id, 0xffff) + "0"} : store::Range{"e/", "e0"};
  std::vector<Event> found, unsaid;
  {
    const std::lock_guard lock(mutex_);
    for (const QueueId& one : unsaid_)
      std::ranges::copy_if(entries_.at(one)->unsaid, std::back_inserter(unsaid), fits);
  }
  for (const HomePtr& home : homes()) {
    store::Range rest = range;
    for (bool more = true; more;) {
      PH_CO_TRY(store::Page page,
                co_await store_.scan(home->partition, rest, store::Limits::page_keys));
      for (const store::Record& row : page.records) {
        auto events = parse_events(row.value);
        if (!events) {
          world_.log.error("queue: damaged events at " + home->partition + " " + row.key,
                           events.error());
          continue;
        }
        for (Event& event : *events)
          if (fits(event)) found.push_back(std::move(event));
      }
      more = page.next.has_value();
      if (more) rest.begin = *page.next;
    }
  }
  // Those that were written meanwhile were found there.
  for (Event& event : unsaid)
    if (std::ranges::find(found, event) == found.end()) found.push_back(std::move(event));
  co_return found;
}

}  // namespace ph::queue
