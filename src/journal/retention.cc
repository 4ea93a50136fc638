// What the journal keeps: whole days, by their age and by what they take (docs/formats/journal.md).
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "journal/journal.h"

namespace ph::journal {

namespace {

std::string date_of(std::uint32_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  return fmt::format("{:04}-{:02}-{:02}", int{date.year()}, unsigned{date.month()},
                     unsigned{date.day()});
}

}  // namespace

std::optional<std::uint64_t> parse_count(std::string_view value) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count, 16);
  if (error != std::errc{} || end != value.data() + value.size()) return std::nullopt;
  return count;
}

Task<void> EventJournal::retain() {
  const std::uint32_t today = day_of(world_.clock.wall());
  if (world_.clock.now() < retain_next_) co_return;
  Result<Done> done = Done{};
  if (!counted_) done = co_await count_octets(today);
  if (done && today != expired_day_) done = co_await expire(today);
  if (done) done = co_await trim(today);
  if (done) co_return;
  retain_next_ = world_.clock.now() + kIdleMax;
  world_.log.error("journal: old days could not be dropped, trying again in a minute",
                   done.error());
}

Task<Result<Done>> EventJournal::count_octets(std::uint32_t today) {
  for (std::uint32_t back = 0; back <= options_.retention_days && back <= today; ++back) {
    if (stopping_) co_return Done{};
    for (std::size_t block = 0; block < kBlocksPerDay; ++block) {
      auto row = co_await store_.get(block_partition(today - back, block_name(block)),
                                     {std::string(kOctetsKey)}, {.prio = 0});
      if (!row && row.error().kind == Kind::corrupt) continue;  // the next block put repairs it
      if (!row) co_return std::unexpected(std::move(row).error());
      if (row->empty()) continue;
      set_octets(today - back, block, parse_count(row->front().value).value_or(0));
    }
  }
  counted_ = true;
  co_return Done{};
}

/// A count only grows until its day is dropped: the larger is the newer.
void EventJournal::set_octets(std::uint32_t day, std::size_t block, std::uint64_t octets) {
  const std::lock_guard lock(mutex_);
  std::uint64_t& known = octets_[day][block];
  known = std::max(known, octets);
}

std::uint64_t EventJournal::known_octets(std::uint32_t day, std::size_t block) const {
  const std::lock_guard lock(mutex_);
  const auto found = octets_.find(day);
  return found == octets_.end() ? 0 : found->second[block];
}

std::uint64_t EventJournal::octets() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t total = 0;
  for (const auto& [day, blocks] : octets_)
    total = std::accumulate(blocks.begin(), blocks.end(), total);
  return total;
}

EventJournal::Taken EventJournal::taken() const {
  const bool too_much = octets() > options_.octets_max;
  const std::lock_guard lock(mutex_);
  if (octets_.empty()) return {};
  return {octets_.begin()->first, too_much};
}

Task<Result<Done>> EventJournal::expire(std::uint32_t today) {
  // Days are dropped by name; a month of days is looked at again, so that a server that was off for
  // a while catches up.
  constexpr std::uint32_t kDaysLookedAt = 31;
  const std::uint32_t keep_from = today - std::min(today, options_.retention_days);
  for (std::uint32_t day = keep_from - std::min(keep_from, kDaysLookedAt); day < keep_from; ++day) {
    PH_CO_TRY([[maybe_unused]] auto gone, co_await drop_day(day));
  }
  expired_day_ = today;
  co_return Done{};
}

Task<Result<Done>> EventJournal::trim(std::uint32_t today) {
  for (Taken most = taken(); most.too_much && most.oldest < today; most = taken()) {
    const std::uint64_t before = octets();
    PH_CO_TRY([[maybe_unused]] auto gone, co_await drop_day(most.oldest));
    note({.at = world_.clock.wall(),
          .stage = Stage::administer,
          .outcome = Outcome::note,
          .why = fmt::format("the journal held {} octets, more than max_size: the events of {} "
                             "were dropped",
                             before, date_of(most.oldest))});
  }
  if (!taken().too_much || full_day_ == today) co_return Done{};
  note({.at = world_.clock.wall(),
        .stage = Stage::administer,
        .outcome = Outcome::failed,
        .why = "today's events alone fill the journal's max_size: until tomorrow only those of "
               "messages are kept, and the log has the others"});
  PH_CO_TRY([[maybe_unused]] auto said, co_await flush());
  const std::lock_guard lock(mutex_);
  full_day_ = today;
  co_return Done{};
}

/// The index first, the counts with the blocks: after a crash in between, the day still counts as
/// kept, and is dropped again.
Task<Result<Done>> EventJournal::drop_day(std::uint32_t day) {
  for (std::uint64_t slot = 0; slot < kIndexSlotsPerDay; ++slot) {
    PH_CO_TRY([[maybe_unused]] auto gone, co_await drop_if_there(index_partition(day, slot)));
  }
  for (std::size_t block = 0; block < kBlocksPerDay; ++block) {
    PH_CO_TRY([[maybe_unused]] auto gone,
              co_await drop_if_there(block_partition(day, block_name(block))));
  }
  const std::lock_guard lock(mutex_);
  octets_.erase(day);
  co_return Done{};
}

Task<Result<Done>> EventJournal::drop_if_there(std::string partition) {
  PH_CO_TRY(const store::Page page, co_await store_.scan(partition, {}, 1, {.prio = 0}));
  if (page.records.empty() && !page.next) co_return Done{};
  co_return co_await store_.drop(partition, std::nullopt);
}

}  // namespace ph::journal
