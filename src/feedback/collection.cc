#include "feedback/collection.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "feedback/commit.h"

namespace ph::feedback {
namespace {

store::Range below(std::string prefix) {
  std::string end = prefix;
  ++end.back();  // prefixes end with "/"
  return {std::move(prefix), std::move(end)};
}

constexpr std::size_t kGroupIdOctets = 26;

std::optional<Stored> stored_of(std::uint32_t day, unsigned slot, const store::Record& record) {
  auto group = parse_group(record.value);
  if (!group || record.key.size() < kGroupPrefix.size() + kGroupIdOctets) return std::nullopt;
  return Stored{.day = day,
                .slot = slot,
                .id = record.key.substr(kGroupPrefix.size(), kGroupIdOctets),
                .key = record.key,
                .version = record.version,
                .group = *std::move(group),
                .closed = record.key.starts_with(kClosedPrefix)};
}

}  // namespace

Task<Result<std::vector<store::Record>>> Collection::all(store::Partition partition,
                                                         std::string prefix, std::size_t max) {
  std::vector<store::Record> out;
  store::Range range = below(std::move(prefix));
  while (out.size() < max) {
    PH_CO_TRY(auto page,
              co_await store_.scan(partition, range, store::Limits::page_keys, {.prio = 0}));
    std::ranges::move(page.records, std::back_inserter(out));
    if (!page.next) break;
    range.begin = *page.next;
  }
  if (out.size() > max) out.resize(max);
  co_return out;
}

Task<Result<std::vector<std::uint32_t>>> Collection::days() {
  PH_CO_TRY(const auto records, co_await all(store::Partition(kDaysPartition), "d/", 10000));
  std::vector<std::uint32_t> out;
  for (const auto& record : records)
    if (const auto day = parse_day_key(record.key)) out.push_back(*day);
  co_return out;
}

Task<Result<std::vector<Stored>>> Collection::groups(std::uint32_t day, unsigned slot,
                                                     std::size_t max) {
  std::vector<Stored> out;
  for (const std::string_view prefix : {kClosedPrefix, kGroupPrefix}) {
    PH_CO_TRY(const auto records,
              co_await all(slot_partition(day, slot), std::string(prefix), max - out.size()));
    for (const auto& record : records)
      if (auto one = stored_of(day, slot, record)) out.push_back(*std::move(one));
  }
  co_return out;
}

Task<Result<Done>> Collection::close(Stored open, Wall end, bool day_goes_on) {
  store::Batch batch;
  batch.checks.push_back({.key = open.key, .what = store::Check::What::version, .v = open.version});
  Group closed = open.group;
  closed.end = end;
  batch.puts.push_back({closed_key(open.id, closed.part), format_group(closed)});
  if (day_goes_on) {
    Group next{.domain = closed.domain, .record = closed.record, .part = closed.part + 1};
    next.begin = end;
    batch.puts.push_back({open.key, format_group(next)});
  } else {
    batch.puts.push_back({open.key, std::nullopt});
  }
  co_return co_await committed(store_, slot_partition(open.day, open.slot), std::move(batch));
}

Task<Result<std::vector<mailauth::DmarcReport::Row>>> Collection::rows(Stored closed) {
  PH_CO_TRY(const auto records, co_await all(slot_partition(closed.day, closed.slot),
                                             row_prefix(closed.id, closed.group.part),
                                             store::Limits::partition_keys_soft));
  std::vector<mailauth::DmarcReport::Row> out;
  for (const auto& record : records)
    if (auto row = parse_row(record.value)) out.push_back(*std::move(row));
  co_return out;
}

Task<Result<Stored>> Collection::mark(Stored closed) {
  store::Batch batch;
  batch.checks.push_back(
      {.key = closed.key, .what = store::Check::What::version, .v = closed.version});
  batch.puts.push_back({closed.key, format_group(closed.group)});
  PH_CO_TRY(const auto done, co_await store_.commit(slot_partition(closed.day, closed.slot),
                                                    std::move(batch), {.prio = 0}));
  closed.version = done.version;
  co_return closed;
}

Task<Result<Done>> Collection::forget(Stored closed) {
  const store::Partition partition = slot_partition(closed.day, closed.slot);
  const std::string prefix = row_prefix(closed.id, closed.group.part);
  for (;;) {
    PH_CO_TRY(const auto records, co_await all(partition, prefix, kForgetRowsMax));
    store::Batch batch{.settle = false};
    for (const auto& record : records) batch.puts.push_back({record.key, std::nullopt});
    const bool last = records.size() < kForgetRowsMax;
    if (last) batch.puts.push_back({closed.key, std::nullopt});
    PH_CO_TRY([[maybe_unused]] const auto done,
              co_await store_.commit(partition, std::move(batch), {.prio = 0}));
    if (last) co_return Done{};
  }
}

Task<Result<Done>> Collection::drop_slot(std::uint32_t day, unsigned slot) {
  co_return co_await store_.drop(slot_partition(day, slot), std::nullopt, {.prio = 0});
}

Task<Result<Done>> Collection::forget_day(std::uint32_t day) {
  store::Batch batch{.puts = {{day_key(day), std::nullopt}}, .settle = false};
  PH_CO_TRY(
      [[maybe_unused]] const auto done,
      co_await store_.commit(store::Partition(kDaysPartition), std::move(batch), {.prio = 0}));
  co_return Done{};
}

}  // namespace ph::feedback
