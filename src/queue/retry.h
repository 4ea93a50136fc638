// When to try again.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "rt/world.h"

namespace ph::queue {

/// `[queue]` of the configuration.
struct RetryTimes {
  std::chrono::seconds first{5 * 60};
  std::chrono::seconds longest{4 * 3600};
};

/// The wait before the next attempt for a recipient.
///
///   attempts  failed attempts so far, >= 1
///   returns   `first` doubling up to `longest`, +-10 % so that what waits for one cause does not
///   come
///             back in the same second
///
/// RFC 5321 §4.5.4.1 asks for at least 30 minutes between tries. We start shorter: what fails here
/// first (a full or locked mailbox, a room that restarts) often clears within minutes.
inline std::chrono::seconds retry_wait(const RetryTimes& times, std::uint32_t attempts,
                                       rt::Random& random) {
  const std::uint32_t doublings = std::min(attempts - 1, 16u);
  const std::chrono::seconds wait = std::min(times.first * (1 << doublings), times.longest);
  return wait * (90 + static_cast<int>(random.below(21))) / 100;
}

}  // namespace ph::queue
