// The two worlds in which a shell must do the same: real sockets and the simulation. For typed
// tests.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>

#include "rt/os/world.h"
#include "sim/world.h"

namespace ph::net::testing {

/// Real sockets; everything runs on the test's own thread, inside run_until().
class OsWorlds {
 public:
  rt::World& world() { return world_; }
  rt::Executor executor() { return context_.get_executor(); }
  sim::Log& log() { return log_; }
  void spawn(Task<void> task) { rt::spawn(executor(), std::move(task)); }
  /// false: not within 30 seconds.
  bool run_until(const std::function<bool()>& finished) {
    const auto end = world_.clock.now() + std::chrono::seconds(30);
    while (!finished()) {
      if (world_.clock.now() > end) return false;
      context_.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }

 private:
  sim::Log log_;
  rt::os::OsWorld world_{log_};
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_running_{
      context_.get_executor()};
};

class SimWorlds {
 public:
  explicit SimWorlds(std::uint64_t seed = 1, const sim::Options& options = {})
      : world_(seed, options) {}
  sim::World& world() { return world_; }
  rt::Executor executor() { return world_.executor(); }
  sim::Log& log() { return world_.sim_log(); }
  void spawn(Task<void> task) { world_.spawn(std::move(task)); }
  bool run_until(const std::function<bool()>& finished) { return world_.run_until(finished); }

 private:
  sim::World world_;
};

}  // namespace ph::net::testing
