// The real world for a command that runs to its end: one event loop, log lines only when it
// matters.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "app/daemon/log.h"
#include "rt/os/event_loops.h"
#include "rt/os/world.h"
#include "rt/world.h"

namespace ph::cli {

class CommandWorld {
 public:
  CommandWorld()
      : log_(daemon::make_log(daemon::LogFormat::logfmt, rt::Level::error)), world_(*log_) {}

  rt::World& operator*() { return world_; }
  rt::World* operator->() { return &world_; }

  /// Runs `task` on an event loop of its own until it ends.
  template <class T>
  T run(Task<T> task) {
    std::promise<T> ended;
    auto outcome = ended.get_future();
    rt::os::EventLoops loops(1);
    rt::spawn(loops.executors().front(), keep(std::move(task), ended));
    loops.run();
    auto result = outcome.get();
    loops.stop();
    loops.join();
    return result;
  }

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::promise<T>& ended) {  // NOLINT: outlives the loop
    ended.set_value(co_await std::move(task));
  }

  std::unique_ptr<daemon::StandardErrorLog> log_;
  rt::os::OsWorld world_;
};

}  // namespace ph::cli
