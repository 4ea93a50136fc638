// Who may write to an account: one call at a time, in the order of asking. A delivery that waits
// for its turn may be done by the call that has it, together with its own (one commit for many).
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "mailbox/port.h"
#include "rt/task.h"

namespace ph::mailbox {

enum class Turn : std::uint8_t {
  mine,      // go on, and leave() at the end
  answered,  // another call did it: Job::answer is set
  full,      // kQueuedCallsMax wait already
};

/// One call. Lives in the frame of its coroutine, which waits while others hold a pointer to it.
struct Job {
  std::optional<Delivery> delivery;  // none: wants the turn itself
  rt::Instant deadline;
  std::optional<Result<Delivered>> answer;
  std::optional<rt::Resume<Turn>> resume;  // set while it waits
};

/// About what the row of this delivery takes in a block.
std::size_t row_octets(const Delivery& delivery);

/// Thread-safe. The mutex is never held while a coroutine waits or goes on.
class Turns {
 public:
  /// Waits for the turn. `job` stays valid until this returns.
  Task<Turn> enter(Job* job);
  /// Deliveries that wait, at most `count_max` and about `octets_max` of rows: the caller, whose
  /// turn it is, answers each. None twice with the same `once`, nor with one of those in `taken`.
  void take(std::vector<Job*>& taken, std::size_t count_max, std::size_t octets_max);
  /// Ends the call of a job that was taken; the job may be gone when this returns.
  static void answer(Job* job, Result<Delivered> result);
  /// The next one in the queue gets the turn.
  void leave();

 private:
  static void resume(Job* job, Turn turn);
  std::mutex mutex_;
  bool busy_ = false;
  std::deque<Job*> waiting_;  // at most kQueuedCallsMax
};

/// Leaves at the end of the scope.
class TurnHold {
 public:
  explicit TurnHold(Turns& turns) : turns_(turns) {}
  TurnHold(const TurnHold&) = delete;
  TurnHold& operator=(const TurnHold&) = delete;
  ~TurnHold() { turns_.leave(); }

 private:
  Turns& turns_;
};

}  // namespace ph::mailbox
