// Whether the disk below the store has room, asked often and answered from a short memory.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "rt/world.h"

namespace ph::store {

/// Thread-safe. Logs when room runs out and when it is back.
class Space {
 public:
  /// Kept free for what the engine has to write in any case: log, memtables, compaction.
  static constexpr std::uint64_t kReserveOctets = 256 << 20;
  static constexpr std::chrono::milliseconds kAnswerAgeMax{100};
  /// Rows may use the reserve down to this: what deletes mail, settles a queued message or logs in
  /// writes a little, and refusing it would keep a full disk full.
  static constexpr std::uint64_t kFloorOctets = 16 << 20;

  Space(rt::World& world, std::string folder, std::uint64_t reserve_octets)
      : world_(world), folder_(std::move(folder)), reserve_octets_(reserve_octets) {}
  /// `octets` more leave the reserve untouched. False as well when the disk does not say.
  bool has_room(std::uint64_t octets);
  /// There is at least kFloorOctets (or the reserve, where that is less).
  bool has_floor();

 private:
  void ask();

  rt::World& world_;
  const std::string folder_;
  const std::uint64_t reserve_octets_;
  std::mutex mutex_;  // guards what follows
  std::optional<rt::Instant> asked_;
  std::uint64_t free_octets_ = 0;
  bool had_room_ = true;
};

}  // namespace ph::store
