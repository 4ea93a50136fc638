// The door to the queue for those who look at it: administration, `posthouse queue`.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "rt/world.h"

namespace ph::queue {

/// One recipient of one queued message.
struct JobInfo {
  std::string queue_id;
  std::string sender, recipient;  // as text, without <>
  std::uint64_t octets = 0;
  Wall accepted{}, next_attempt{};
  std::uint32_t attempts = 0;
  std::string why;  // why it waits; "" when it is being delivered now
};

class Queue {
 public:
  virtual ~Queue() = default;
  /// Sorted by queue id; at most `max`.
  virtual Task<Result<std::vector<JobInfo>>> list(std::size_t max, rt::Instant deadline) = 0;
};

}  // namespace ph::queue
