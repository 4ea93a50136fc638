#include "sim/disk.h"

namespace ph::sim {

// Fails when the power is off, or goes off before this operation.
Result<Done> Disk::operate() {
  if (!power_failed_ && ops_ >= faults_.power_fails_after_ops) power_failed_ = true;
  if (power_failed_) return fail(Kind::unavailable, "the power is off");
  ++ops_;
  return Done{};
}

Result<std::string> Disk::read(std::string_view file) {
  const std::lock_guard lock(mutex_);
  if (power_failed_) return fail(Kind::unavailable, "the power is off");
  const auto found = visible_.find(file);
  if (found == visible_.end())
    return fail(Kind::not_found, "cannot open a file", std::string(file));
  return found->second.octets;
}

Result<Done> Disk::replace(std::string_view file, std::string_view octets, unsigned mode) {
  const std::lock_guard lock(mutex_);
  const std::string name(file);
  const std::string draft = name + ".draft";
  if (octets.size() > free_octets_.value_or(kDiskOctetsMax))
    return fail(Kind::unavailable, "cannot write a file", name + ": no space");

  PH_TRY([[maybe_unused]] const Done may_write, operate());
  visible_[draft] = File{std::string(octets), 0, mode};
  PH_TRY([[maybe_unused]] const Done may_sync, operate());
  visible_[draft].synced_octets = octets.size();
  PH_TRY([[maybe_unused]] const Done may_rename, operate());
  const auto old = visible_.find(name);
  old_names_[name] = old == visible_.end() ? std::nullopt : std::optional(old->second);
  visible_[name] = visible_[draft];
  visible_.erase(draft);
  PH_TRY([[maybe_unused]] const Done may_sync_folder, operate());
  old_names_.erase(name);
  return Done{};
}

Result<std::uint64_t> Disk::free_octets(std::string_view) {
  const std::lock_guard lock(mutex_);
  if (power_failed_) return fail(Kind::unavailable, "the power is off");
  if (free_octets_) return *free_octets_;
  std::uint64_t used = 0;
  for (const auto& [name, file] : visible_) used += file.octets.size();
  return kDiskOctetsMax - std::min(used, kDiskOctetsMax);
}

void Disk::fail_power_after(std::uint64_t ops) {
  const std::lock_guard lock(mutex_);
  faults_.power_fails_after_ops = ops_ + ops;
}

bool Disk::power_failed() const {
  const std::lock_guard lock(mutex_);
  return power_failed_;
}

void Disk::restore_power() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, old] : old_names_) {
    if (random_.below(2) == 0) continue;  // the rename reached the disk by luck
    if (old) {
      visible_[name] = *old;
    } else {
      visible_.erase(name);
    }
  }
  old_names_.clear();
  for (auto at = visible_.begin(); at != visible_.end();) {
    File& file = at->second;
    const std::size_t unsynced = file.octets.size() - file.synced_octets;
    if (unsynced == 0) {
      ++at;
      continue;
    }
    const std::size_t kept = random_.below(unsynced + 1);  // 0: only the name; all: luck
    file.octets.resize(file.synced_octets + kept);
    if (kept > 0 && random_.below(2) == 0) file.octets.back() ^= 0x01;  // torn
    file.synced_octets = file.octets.size();
    const bool name_lost = random_.below(2) == 0;
    at = name_lost ? visible_.erase(at) : std::next(at);
  }
  faults_.power_fails_after_ops = UINT64_MAX;
  power_failed_ = false;
}

unsigned Disk::mode(std::string_view file) const {
  const std::lock_guard lock(mutex_);
  const auto found = visible_.find(file);
  return found == visible_.end() ? 0 : found->second.mode;
}

void Disk::set_free_octets(std::uint64_t octets) {
  const std::lock_guard lock(mutex_);
  free_octets_ = octets;
}

}  // namespace ph::sim
