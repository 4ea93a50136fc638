// Time as values: rooms that know no clock still name instants.
#pragma once

#include <chrono>
#include <cstdint>

namespace ph {

/// Milliseconds since 1970-01-01 UTC, as stored and as shown. Comes from rt::Clock::wall().
using Wall = std::chrono::sys_time<std::chrono::milliseconds>;

constexpr std::int64_t unix_ms(Wall t) { return t.time_since_epoch().count(); }
constexpr Wall wall_of(std::int64_t ms) { return Wall(std::chrono::milliseconds(ms)); }
/// Days since 1970-01-01 UTC: names partitions of the journal and once-only markers.
constexpr std::uint32_t day_of(Wall t) {
  return static_cast<std::uint32_t>(
      std::chrono::floor<std::chrono::days>(t).time_since_epoch().count());
}

}  // namespace ph
