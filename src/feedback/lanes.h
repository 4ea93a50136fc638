// So many coroutines of one piece of work at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "base/error.h"
#include "rt/task.h"

namespace ph::feedback {

/// Shared by those who work and the one who sends them to work; all on one executor. Only that one
/// calls enter() and emptied().
class Lanes {
 public:
  explicit Lanes(std::size_t at_once) : at_once_(at_once) {}

  /// Waits for a free lane and takes it, for a coroutine that leave()s it.
  Task<void> enter() {
    co_await fewer_than(at_once_);
    ++busy_;
  }
  void leave() {
    --busy_;
    if (waiter_ && busy_ < awaited_) (*std::exchange(waiter_, std::nullopt))(Done{});
  }
  /// Waits until all have left.
  Task<void> emptied() { co_await fewer_than(1); }

 private:
  Task<void> fewer_than(std::size_t busy) {
    if (busy_ < busy) co_return;
    awaited_ = busy;
    [[maybe_unused]] const Done woken = co_await rt::suspend<Done>(
        [this](rt::Resume<Done> resume) { waiter_.emplace(std::move(resume)); });
  }

  const std::size_t at_once_;
  std::size_t busy_ = 0, awaited_ = 0;
  std::optional<rt::Resume<Done>> waiter_;
};

}  // namespace ph::feedback
