// The signals that a server understands, as calls on an event loop.
#pragma once

#include <functional>
#include <memory>

#include "rt/task.h"

namespace ph::rt::os {

enum class Signal : std::uint8_t {
  stop,    // SIGTERM, SIGINT: end in order
  reload,  // SIGHUP: read again what may change while running
};

/// Calls `on_signal` on `executor` for each signal that comes, from construction to destruction.
/// One object in a process; make it before the threads start. SIGPIPE is ignored from then on: a
/// broken pipe is the outcome of a write.
class Signals {
 public:
  Signals(const Executor& executor, std::function<void(Signal)> on_signal);
  ~Signals();

 private:
  struct State;
  std::shared_ptr<State> state_;  // with the handler that waits for the next signal
};

}  // namespace ph::rt::os
