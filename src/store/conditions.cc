#include "store/conditions.h"

#include <algorithm>
#include <unordered_set>

#include "store/ids.h"

namespace ph::store {
namespace {

constexpr std::size_t kPartitionOctetsMax = 200;

Result<Done> check_key(std::string_view key) {
  if (key.empty()) return fail(Kind::malformed, "store key is empty");
  if (key.size() > Limits::key_octets) return fail(Kind::over_limit, "store key is too long");
  return Done{};
}

}  // namespace

Result<Done> check_partition(std::string_view partition) {
  const bool fits = !partition.empty() && partition.size() <= kPartitionOctetsMax &&
                    std::ranges::all_of(partition, [](char c) { return c >= '!' && c <= '~'; });
  if (!fits) return fail(Kind::malformed, "not a partition name", std::string(partition));
  return Done{};
}

Result<Done> check_keys(const Partition& partition, const std::vector<std::string>& keys) {
  PH_TRY([[maybe_unused]] const Done named, check_partition(partition));
  if (keys.size() > Limits::page_keys) return fail(Kind::over_limit, "too many keys in one get");
  for (const std::string& key : keys) {
    PH_TRY([[maybe_unused]] const Done fits, check_key(key));
  }
  return Done{};
}

std::size_t octets_of(const Batch& batch) {
  std::size_t octets = batch.fence ? batch.fence->lease.size() : 0;
  for (const Check& check : batch.checks) octets += check.key.size();
  for (const Put& put : batch.puts) octets += put.key.size() + (put.value ? put.value->size() : 0);
  return octets;
}

bool adds_data(const Batch& batch) {
  return std::ranges::any_of(batch.puts, [](const Put& put) { return put.value.has_value(); });
}

Result<Done> check_batch(const Partition& partition, const Batch& batch) {
  PH_TRY([[maybe_unused]] const Done named, check_partition(partition));
  if (batch.puts.size() > Limits::mutations || batch.checks.size() > Limits::checks)
    return fail(Kind::over_limit, "too many rows in one batch");
  if (octets_of(batch) > Limits::batch_octets) return fail(Kind::over_limit, "batch is too big");
  if (batch.hint.size() > Limits::hint_octets) return fail(Kind::over_limit, "hint is too long");
  if (batch.fence) {
    PH_TRY([[maybe_unused]] const Done fits, check_key(batch.fence->lease));
  }
  for (const Check& check : batch.checks) {
    PH_TRY([[maybe_unused]] const Done fits, check_key(check.key));
  }
  std::unordered_set<std::string_view> seen;
  for (const Put& put : batch.puts) {
    PH_TRY([[maybe_unused]] const Done fits, check_key(put.key));
    if (put.value && put.value->size() > Limits::value_octets)
      return fail(Kind::over_limit, "value is too big", put.key);
    if (!seen.insert(put.key).second)
      return fail(Kind::malformed, "a key is put twice in one batch", put.key);
  }
  return Done{};
}

Result<Done> check_blob_id(std::string_view id) {
  if (!is_blob_id(id)) return fail(Kind::malformed, "not a blob id", std::string(id));
  return Done{};
}

Result<Done> check_holder(std::string_view holder) {
  const auto tab = holder.find('\t');
  if (tab == std::string_view::npos)
    return fail(Kind::malformed, "a blob's holder is partition, TAB, key", std::string(holder));
  PH_TRY([[maybe_unused]] const Done named, check_partition(holder.substr(0, tab)));
  return check_key(holder.substr(tab + 1));
}

}  // namespace ph::store
