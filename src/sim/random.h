// Randomness that is the same in every run with the same seed.
#pragma once

#include <cstdint>
#include <mutex>

#include "rt/world.h"

namespace ph::sim {

/// SplitMix64 (Steele, Lea, Flood 2014). Thread-safe, but only one thread keeps it deterministic.
class Random final : public rt::Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t bound) override;
  void fill(std::span<char> octets) override;
  /// True in `per_million` of a million cases.
  bool chance(std::uint32_t per_million) { return below(1'000'000) < per_million; }

 private:
  std::uint64_t next();

  std::mutex mutex_;
  std::uint64_t state_;  // guarded by mutex_
};

}  // namespace ph::sim
