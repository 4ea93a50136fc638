// Lets a bounded number of coroutines in at once, and a bounded number wait, first come first
// served.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "rt/task.h"

namespace ph::identity {

/// Any executor. Outlives its Turns.
class Turnstile {
 public:
  Turnstile(std::size_t inside_max, std::size_t waiting_max)
      : inside_max_(inside_max), waiting_max_(waiting_max) {}

  /// A place inside; its end lets the next one in.
  class Turn {
   public:
    explicit Turn(Turnstile& of) : of_(&of) {}
    Turn(Turn&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() { end(); }
    void end() {
      if (of_ != nullptr) std::exchange(of_, nullptr)->leave();
    }

   private:
    Turnstile* of_;
  };

  /// Waits for a place. unavailable: as many wait already as may.
  Task<Result<Turn>> enter();

 private:
  void leave();

  const std::size_t inside_max_, waiting_max_;
  std::mutex mutex_;
  std::size_t inside_ = 0;
  std::deque<rt::Resume<Done>> waiting_;
};

}  // namespace ph::identity
