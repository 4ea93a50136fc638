// A disk in memory whose power can fail after any operation.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "rt/world.h"
#include "sim/random.h"

namespace ph::sim {

/// Size of the disk. A replace() that does not fit fails with `unavailable`.
inline constexpr std::uint64_t kDiskOctetsMax = 256 << 20;

struct DiskFaults {
  std::uint64_t seed = 0;
  /// Operations (one write, sync, rename or sync of a folder each) that still work.
  std::uint64_t power_fails_after_ops = UINT64_MAX;
};

/// Keeps what a real disk would: the octets of a file from its sync on, its name from the sync of
/// the folder on. What was not synced is, after a power failure, kept, lost, or kept in part (the
/// seed picks). Thread-safe.
class Disk final : public rt::Disk {
 public:
  explicit Disk(DiskFaults faults = {}) : faults_(faults), random_(faults.seed) {}

  Result<std::string> read(std::string_view file) override;
  Result<Done> replace(std::string_view file, std::string_view octets, unsigned mode) override;
  Result<std::uint64_t> free_octets(std::string_view folder) override;

  /// The power goes after `ops` more operations.
  void fail_power_after(std::uint64_t ops);
  /// Once true, everything fails with `unavailable` until restore_power().
  bool power_failed() const;
  void restore_power();
  /// Rights last given to replace(); 0: no such file.
  unsigned mode(std::string_view file) const;
  void set_free_octets(std::uint64_t octets);

 private:
  struct File {
    std::string octets;
    std::size_t synced_octets = 0;
    unsigned mode = 0;
  };
  using Names = std::map<std::string, File, std::less<>>;

  Result<Done> operate();

  mutable std::mutex mutex_;
  DiskFaults faults_;
  Random random_;
  Names visible_;                                         // what a running program sees
  std::map<std::string, std::optional<File>> old_names_;  // before renames whose folder is unsynced
  std::uint64_t ops_ = 0;
  std::optional<std::uint64_t> free_octets_;
  bool power_failed_ = false;
};

}  // namespace ph::sim
