// The threads that serve connections, one event loop each.
#pragma once

#include <memory>
#include <vector>

#include "rt/task.h"

namespace ph::rt::os {

inline constexpr unsigned kEventLoopsMax = 64;

/// Each loop is one thread; what is spawned on an executor stays on its thread. Whoever stops the
/// server first closes what runs (listeners, background loops), waits for it to end, then calls
/// stop() and join(). Coroutines that still wait then are destroyed together with the loops, so
/// what they refer to outlives this object.
class EventLoops {
 public:
  explicit EventLoops(unsigned threads);  // 1 to kEventLoopsMax
  ~EventLoops();                          // stop() and join()

  std::vector<Executor> executors() const;
  /// Starts the threads. What was spawned before begins now.
  void run();
  /// From any thread: every loop ends after the handler that runs.
  void stop();
  /// Waits for the threads. Not from one of them.
  void join();

 private:
  struct Loop;
  std::vector<std::unique_ptr<Loop>> loops_;
};

}  // namespace ph::rt::os
