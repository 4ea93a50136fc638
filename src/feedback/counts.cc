#include "feedback/counts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "feedback/commit.h"

namespace ph::feedback {
namespace {

store::Check unchanged(const std::string& key, const store::Record* seen) {
  using What = store::Check::What;
  if (seen == nullptr) return {.key = key, .what = What::absent};
  return {.key = key, .what = What::version, .v = seen->version};
}

/// What was read of some keys of one partition.
class Seen {
 public:
  explicit Seen(std::vector<store::Record> records) : records_(std::move(records)) {}
  const store::Record* find(std::string_view key) const {
    const auto found = std::ranges::find(records_, key, &store::Record::key);
    return found == records_.end() ? nullptr : &*found;
  }

 private:
  std::vector<store::Record> records_;
};

}  // namespace

Counts::Counts(store::Store& store, rt::World& world, rt::Executor executor, CountLimits limits)
    : store_(store),
      world_(world),
      executor_(std::move(executor)),
      limits_(limits),
      timer_(world.timers.timer(executor_)),
      stopped_(world.timers.timer(executor_)),
      admissions_(limits.organization_max) {}

void Counts::count(const mailauth::DmarcFinding& finding) {
  mailauth::DmarcReport::Row row = finding.row;
  row.count = 0;
  Pending one;
  one.rows.emplace(format_row(row), 1);
  GroupName name{day_of(world_.clock.wall()), finding.domain, finding.record};
  const std::lock_guard lock(mutex_);
  add(std::move(name), one);
}

/// For one more report. Under the lock.
bool Counts::has_room(const GroupName& name) {
  if (pending_.size() >= kPendingGroupsMax) return false;
  const std::string organization = organization_of(suffixes_, name.domain);
  return admissions_.admit(name.day, organization, organization == name.domain,
                           group_id(name.domain, name.record));
}

/// Under the lock.
void Counts::add(GroupName name, const Pending& more) {
  auto group = pending_.find(name);
  if (group == pending_.end()) {
    if (!has_room(name)) {
      uncounted_domain_ = std::move(name.domain);
      uncounted_ += more.omitted;
      for (const auto& [row, count] : more.rows) uncounted_ += count;
      return;
    }
    group = pending_.emplace(std::move(name), Pending()).first;
  }
  Pending& pending = group->second;
  pending.omitted += more.omitted;
  for (const auto& [packed, count] : more.rows) {
    const auto row = pending.rows.find(packed);
    if (row != pending.rows.end()) {
      row->second += count;
    } else if (pending_rows_ < limits_.pending_rows_max) {
      pending.rows.emplace(packed, count);
      ++pending_rows_;
    } else {
      pending.omitted += count;
    }
  }
}

Task<Result<Done>> Counts::write() {
  co_await turn_.take();
  const queue::Taken taken(turn_);
  co_return co_await write_all();
}

void Counts::tell_uncounted(std::uint64_t messages, std::string domain) {
  world_.log.write(rt::Level::warning,
                   "reports: mail of more domains than have room, or than one organization may "
                   "have a report for, is not counted",
                   {{"messages", std::to_string(messages)}, {"domain", std::move(domain)}});
}

Task<Result<Done>> Counts::write_all() {
  PendingMap taken;
  std::uint64_t uncounted = 0;
  std::string domain;
  {
    const std::lock_guard lock(mutex_);
    taken = std::exchange(pending_, {});
    pending_rows_ = 0;
    uncounted = std::exchange(uncounted_, 0);
    domain = std::exchange(uncounted_domain_, {});
  }
  if (uncounted > 0) tell_uncounted(uncounted, std::move(domain));
  Result<Done> outcome = Done{};
  for (auto& [name, pending] : taken) {
    const auto left = std::make_shared<Pending>(std::move(pending));
    if (outcome) outcome = co_await write_group(name, left);
    if (outcome) continue;
    const std::lock_guard lock(mutex_);
    add(name, *left);
  }
  co_return outcome;
}

/// What is not written stays in `left`.
Task<Result<Done>> Counts::write_group(GroupName name, std::shared_ptr<Pending> left) {
  const auto known = co_await know_day(name.day);
  if (!known) co_return known;
  while (!left->rows.empty() || left->omitted > 0) {
    const auto some = std::make_shared<Pending>();
    some->omitted = std::exchange(left->omitted, 0);
    while (!left->rows.empty() && some->rows.size() < kCountsBatchRowsMax)
      some->rows.insert(left->rows.extract(left->rows.begin()));
    auto written = co_await write_some(name, some);
    // Not known whether it was done, or unreadable: better too few than twice, or for ever.
    const bool settled = written || written.error().kind == Kind::unknown ||
                         written.error().kind == Kind::corrupt ||
                         written.error().kind == Kind::over_limit;
    if (!written) world_.log.error("reports: counts of " + name.domain, written.error());
    if (settled) continue;
    left->omitted += some->omitted;
    left->rows.merge(some->rows);
    co_return written;
  }
  co_return Done{};
}

Task<Result<Done>> Counts::know_day(std::uint32_t day) {
  if (days_.contains(day)) co_return Done{};
  store::Batch batch{.puts = {{day_key(day), ""}}, .settle = false};
  const auto put =
      co_await store_.commit(store::Partition(kDaysPartition), std::move(batch), {.prio = 0});
  if (!put) co_return std::unexpected(put.error());
  days_.clear();  // those before are over
  days_.insert(day);
  co_return Done{};
}

Task<Result<Done>> Counts::write_some(GroupName name, std::shared_ptr<const Pending> some) {
  Result<Done> outcome = Done{};
  for (int i = 0; i < kCountsTriesMax; ++i) {
    outcome = co_await try_write(name, some);
    if (outcome || outcome.error().kind != Kind::conflict) break;
  }
  co_return outcome;
}

Task<Result<Done>> Counts::try_write(GroupName name, std::shared_ptr<const Pending> some) {
  const std::string id = group_id(name.domain, name.record);
  const store::Partition partition = slot_partition(name.day, slot_of(name.domain));
  std::vector<std::string> keys{std::string(kTotalsKey), group_key(id)};
  PH_CO_TRY(auto records, co_await store_.get(partition, keys, {.prio = 0}));
  Seen heads(std::move(records));
  const store::Record* stored_totals = heads.find(keys[0]);
  const store::Record* stored_group = heads.find(keys[1]);
  Totals totals;
  if (stored_totals != nullptr) {
    PH_CO_TRY(totals, parse_totals(stored_totals->value));
  }
  Group group{.domain = name.domain, .record = name.record};
  group.begin = Wall(std::chrono::days(name.day));
  if (stored_group != nullptr) {
    PH_CO_TRY(group, parse_group(stored_group->value));
  } else if (totals.groups >= limits_.slot_groups_max) {
    co_return Done{};  // docs/limits.md: domains beyond these get no report of this day
  } else {
    ++totals.groups;
  }

  std::vector<std::string> row_keys;
  for (const auto& [packed, count] : some->rows)
    row_keys.push_back(row_key(id, group.part, packed));
  PH_CO_TRY(records, co_await store_.get(partition, row_keys, {.prio = 0}));
  const Seen seen(std::move(records));
  store::Batch batch;
  group.omitted += some->omitted;
  auto key = row_keys.begin();
  for (const auto& [packed, count] : some->rows) {
    const store::Record* stored = seen.find(*key);
    PH_CO_TRY(auto row, parse_row(stored == nullptr ? packed : stored->value));
    const bool room = group.rows < limits_.group_rows_max && totals.rows < limits_.slot_rows_max;
    if (stored == nullptr && !room) {
      group.omitted += count;
    } else {
      if (stored == nullptr) ++group.rows, ++totals.rows;
      row.count += count;
      group.messages += count;
      batch.checks.push_back(unchanged(*key, stored));
      batch.puts.push_back({*key, format_row(row)});
    }
    ++key;
  }
  batch.checks.push_back(unchanged(keys[0], stored_totals));
  batch.checks.push_back(unchanged(keys[1], stored_group));
  batch.puts.push_back({keys[0], format_totals(totals)});
  batch.puts.push_back({keys[1], format_group(group)});
  co_return co_await committed(store_, partition, std::move(batch));
}

void Counts::start() {
  running_ = true;
  rt::spawn(executor_, run());
}

Task<void> Counts::run() {
  while (!stopping_) {
    const auto slept = co_await timer_->wait_until(world_.clock.now() + kCountsWriteEvery);
    if (!slept) break;
    const auto written = co_await write();
    if (!written) world_.log.error("reports: counts wait to be written", written.error());
  }
  running_ = false;
  stopped_->cancel();
}

Task<void> Counts::finish() {
  stopping_ = true;
  timer_->cancel();
  while (running_) {
    [[maybe_unused]] const auto woken =
        co_await stopped_->wait_until(world_.clock.now() + std::chrono::seconds(1));
  }
  const auto written = co_await write();
  if (!written) world_.log.error("reports: counts are lost", written.error());
}

}  // namespace ph::feedback
