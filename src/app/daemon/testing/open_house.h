// A house over memory: on the real world, for tests: asks it what the command line would ask.
#pragma once

#include <boost/json.hpp>
#include <future>
#include <memory>
#include <string>

#include "app/daemon/house.h"
#include "app/daemon/log.h"
#include "rt/os/event_loops.h"
#include "rt/os/world.h"

namespace ph::daemon::testing {

class OpenHouse {
 public:
  OpenHouse()
      : log_(make_log(LogFormat::logfmt, rt::Level::error)), world_(*log_), loops_(1), server_{} {
    Config config = default_config();
    config.store = "memory:";
    house_ = *House::open(config, world_, executor());
    loops_.run();
    run(start());
  }
  ~OpenHouse() {
    run(finish());
    loops_.stop();
    loops_.join();
  }

  rt::Executor executor() const { return loops_.executors().front(); }
  rt::World& world() { return world_; }
  House& house() { return *house_; }
  AdminRooms rooms() { return house_->admin(server_); }

  /// Runs a task on the house's loop and waits for it.
  template <class T>
  T run(Task<T> task) {
    std::promise<T> ended;
    auto outcome = ended.get_future();
    rt::spawn(executor(), keep(std::move(task), ended));
    return outcome.get();
  }

  boost::json::object ask(std::string request) {
    return boost::json::parse(run(answer_admin(std::move(request), rooms()))).as_object();
  }

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::promise<T>& ended) {  // NOLINT: outlives the task
    ended.set_value(co_await std::move(task));
  }
  Task<bool> start() {
    const auto started = co_await house_->start();
    PH_CHECK(started.has_value());
    co_return true;
  }
  Task<bool> finish() {
    co_await house_->finish();
    co_return true;
  }

  std::unique_ptr<StandardErrorLog> log_;
  rt::os::OsWorld world_;
  rt::os::EventLoops loops_;
  ServerFacts server_;
  std::unique_ptr<House> house_;
};

}  // namespace ph::daemon::testing
