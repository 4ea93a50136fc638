// One at a time, first come first served: a lock for coroutines, which may be held across co_await.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "base/error.h"
#include "rt/task.h"

namespace ph::queue {

/// Lives in something shared by all who wait for it. take() and leave() from any thread.
class Turn {
 public:
  bool try_take() {
    const std::lock_guard lock(mutex_);
    return !std::exchange(taken_, true);
  }
  Task<void> take() {
    if (try_take()) co_return;
    // Handed over by leave(): nobody comes in between.
    co_await rt::suspend<Done>([this](rt::Resume<Done> resume) {
      std::unique_lock lock(mutex_);
      if (std::exchange(taken_, true)) return waiting_.push_back(std::move(resume));
      lock.unlock();
      resume(Done{});
    });
  }
  void leave() {
    std::optional<rt::Resume<Done>> next;
    {
      const std::lock_guard lock(mutex_);
      taken_ = !waiting_.empty();
      if (taken_) {
        next.emplace(std::move(waiting_.front()));
        waiting_.pop_front();
      }
    }
    if (next) (*next)(Done{});
  }

 private:
  std::mutex mutex_;
  bool taken_ = false;
  std::deque<rt::Resume<Done>> waiting_;  // as many as there are coroutines that want it
};

/// Ends a turn that was taken, also where a coroutine is left by a failure. The turn outlives it.
class Taken {
 public:
  explicit Taken(Turn& turn) : turn_(turn) {}
  ~Taken() { turn_.leave(); }
  Taken(const Taken&) = delete;
  Taken& operator=(const Taken&) = delete;

 private:
  Turn& turn_;
};

}  // namespace ph::queue
