// How the events of settled messages go from the queue's partitions into the journal, each once.
//
// A group of event rows is written down as a plan ("!retire": day, number, keys), handed to the
// journal under the origin "<partition>#<number>", then rows and plan are deleted together. A crash
// anywhere repeats the plan with the same origin, which the journal stores once. "!retired" keeps
// the number of the next group, so that no origin is used twice.
#include <fmt/format.h>

#include "base/ascii.h"
#include "base/record.h"
#include "queue/generation.h"

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

Task<Result<Done>> MailQueue::finish_retire(std::shared_ptr<Generation> generation,
                                            std::string octets) {
  PH_CO_TRY(Plan plan, parse_plan(octets));
  PH_CO_TRY(std::vector<store::Record> rows, co_await store_.get(generation->partition, plan.keys));
  // The rows of a plan are cut into blocks in the same way each time.
  std::vector<EventBlock> blocks;
  for (store::Record& row : rows) {
    if (blocks.empty() || blocks.back().packed.size() + row.value.size() > kEventRowOctetsMax)
      blocks.push_back(
          {fmt::format("{}#{}.{}", generation->partition, plan.number, blocks.size()), {}});
    blocks.back().packed += row.value;
  }
  if (!blocks.empty()) {
    PH_CO_TRY([[maybe_unused]] auto stored, co_await retire_(plan.day, std::move(blocks)));
  }
  store::Batch batch;
  batch.puts.push_back({kRetireKey, std::nullopt});
  batch.puts.push_back({kRetiredKey, RecordWriter(1).number(1, plan.number + 1).take()});
  for (const std::string& k : plan.keys) batch.puts.push_back({k, std::nullopt});
  PH_CO_TRY([[maybe_unused]] auto done, co_await commit(generation, std::move(batch)));
  const std::lock_guard lock(mutex_);
  for (const std::string& k : plan.keys) generation->unretired.erase(k);
  generation->retired_groups = std::max(generation->retired_groups, plan.number + 1);
  co_return Done{};
}

Task<Result<bool>> MailQueue::retire_some(std::shared_ptr<Generation> generation) {
  // A plan left by a failed try comes first: its rows are still there, its number is used.
  PH_CO_TRY(auto left, co_await store_.get(generation->partition, {kRetireKey}, {.prio = 0}));
  if (!left.empty()) {
    PH_CO_TRY([[maybe_unused]] auto done,
              co_await finish_retire(generation, std::move(left.front().value)));
    co_return true;
  }
  Plan plan{.day = day_of(world_.clock.wall()), .number = generation->retired_groups, .keys = {}};
  {
    const std::lock_guard lock(mutex_);
    std::size_t octets = 0;
    for (const auto& [k, row_octets] : generation->unretired) {
      octets += row_octets;
      if (plan.keys.size() >= kRetireRowsMax || octets > kRetireOctetsMax) break;
      plan.keys.push_back(k);
    }
  }
  if (plan.keys.empty()) co_return false;
  std::string written = format_plan(plan);
  store::Batch batch;
  batch.puts.push_back({kRetireKey, written});
  PH_CO_TRY([[maybe_unused]] auto planned, co_await commit(generation, std::move(batch)));
  PH_CO_TRY([[maybe_unused]] auto done, co_await finish_retire(generation, std::move(written)));
  co_return true;
}

Task<void> MailQueue::housekeeping() {
  while (!stopping_) {
    auto slept = co_await house_bell_->wait_until(world_.clock.now() + kRetireEvery);
    static_cast<void>(slept);
    std::vector<std::shared_ptr<Generation>> all;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [where, generation] : generations_) all.push_back(generation);
    }
    for (const auto& generation : all) {
      bool more = true;
      while (more && !stopping_) {
        {
          const std::lock_guard lock(mutex_);
          if (generation->unretired.empty()) break;
        }
        auto moved = co_await retire_some(generation);
        if (!moved)
          world_.log.error("queue: events could not be moved to the journal, trying again",
                           moved.error());
        more = moved && *moved;
      }
      bool drained = false;
      {
        const std::lock_guard lock(mutex_);
        drained = !generation->open && generation->live == 0 && generation->unretired.empty();
      }
      if (!drained || stopping_) continue;
      auto dropped = co_await drop_generation(generation);
      if (!dropped) world_.log.error("queue: a drained generation stays", dropped.error());
    }
  }
  running_ = false;
  stopped_->cancel();
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
  // An id leads to its rows; anything else is looked for in all of them.
  std::vector<std::pair<store::Partition, store::Range>> where;
  if (const auto id = parse_queue_id(term)) {
    where.push_back({partition_of(*id),
                     {fmt::format("e/{:08x}/", id->seq), fmt::format("e/{:08x}0", id->seq)}});
  } else {
    const std::lock_guard lock(mutex_);
    for (const auto& [place, generation] : generations_)
      where.push_back({generation->partition, {"e/", "e0"}});
  }
  std::vector<Event> found;
  for (auto& [partition, range] : where) {
    for (bool more = true; more;) {
      PH_CO_TRY(store::Page page, co_await store_.scan(partition, range, store::Limits::page_keys));
      for (const store::Record& row : page.records) {
        auto events = parse_events(row.value);
        if (!events) {
          world_.log.error("queue: damaged events at " + partition + " " + row.key, events.error());
          continue;
        }
        for (Event& event : *events)
          if (ascii_lower(event.queue_id) == term || ascii_lower(event.message_id) == term ||
              ascii_lower(event.sender) == term || ascii_lower(event.recipient) == term)
            found.push_back(std::move(event));
      }
      more = page.next.has_value();
      if (more) range.begin = *page.next;
    }
  }
  co_return found;
}

}  // namespace ph::queue
