// What every engine checks in the same way: the shape of what it is asked, and a batch's
// conditions.
#pragma once

#include <optional>
#include <string_view>

#include "store/store.h"

namespace ph::store {

// Shapes. malformed: a partition, key, holder or blob id that can never be one, or a key put twice;
// over_limit: larger than store::Limits.
Result<Done> check_partition(std::string_view partition);
Result<Done> check_keys(const Partition& partition, const std::vector<std::string>& keys);
Result<Done> check_batch(const Partition& partition, const Batch& batch);
Result<Done> check_blob_id(std::string_view id);
/// "<partition>\t<key>".
Result<Done> check_holder(std::string_view holder);

/// Octets of keys, values and checks.
std::size_t octets_of(const Batch& batch);
/// Whether the batch stores something (and so needs room on disk).
bool adds_data(const Batch& batch);

/// A batch's conditions against the present rows: ok, conflict (a check failed), refused (the fence
/// does not hold), or what `version_of` fails with.
///   version_of(key) -> Result<std::optional<Version>>, nullopt: there is no such row
template <class VersionOf>
Result<Done> judge(const std::vector<Check>& checks, const std::optional<Fence>& fence,
                   VersionOf&& version_of) {
  if (fence) {
    PH_TRY(const std::optional<Version> epoch, version_of(fence->lease));
    if (epoch != fence->epoch)
      return fail(Kind::refused, "the lease is no longer ours", fence->lease);
  }
  for (const Check& check : checks) {
    PH_TRY(const std::optional<Version> found, version_of(check.key));
    const bool holds = check.what == Check::What::absent    ? !found
                       : check.what == Check::What::present ? found.has_value()
                                                            : found == check.v;
    if (!holds) return fail(Kind::conflict, "a row is not as the batch expects it", check.key);
  }
  return Done{};
}

}  // namespace ph::store
