// Accepts connections and starts a session for each, on every event loop.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "net/connection.h"
#include "rt/world.h"

namespace ph::net {

/// One endpoint, served by an accept loop on each executor (SO_REUSEPORT where there are several). A
/// connection stays on the executor that accepted it.
class Listener {
 public:
  /// Runs one connection to its end. The Connection is lent: it lives until the Task ends.
  using Serve = std::function<Task<void>(Connection& connection)>;
  /// unavailable: the address is in use or may not be bound (detail: which, why).
  static Result<std::unique_ptr<Listener>> open(rt::World& world,
                                                std::vector<rt::Executor> executors,
                                                rt::Endpoint at, Serve serve);
  virtual ~Listener() = default;
  virtual rt::Endpoint local() const = 0;
  /// From any thread: no new connections; waits for commands in the open ones end (421).
  virtual void drain() = 0;
  /// From any thread: closes the connections that are still open.
  virtual void close_all() = 0;
  virtual std::size_t open_connections() const = 0;
};

}  // namespace ph::net
