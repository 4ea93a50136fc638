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

  Space(rt::World& world, std::string folder, std::uint64_t reserve_octets)
      : world_(world), folder_(std::move(folder)), reserve_octets_(reserve_octets) {}
  /// `octets` more leave the reserve untouched. False as well when the disk does not say.
  bool has_room(std::uint64_t octets);

 private:
  rt::World& world_;
  const std::string folder_;
  const std::uint64_t reserve_octets_;
  std::mutex mutex_;  // guards what follows
  std::optional<rt::Instant> asked_;
  std::uint64_t free_octets_ = 0;
  bool had_room_ = true;
};

}  // namespace ph::store
