// Accepts connections and starts a session for each, on every event loop.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "net/connection.h"
#include "rt/world.h"

namespace ph::net {

/// Open connections of one listener; one more is closed without a word. The shells' own limits,
/// which have a reply, lie below it. At 24 KiB each these are 480 MiB.
inline constexpr std::size_t kConnectionsMax = 20'000;

/// One endpoint, served by an accept loop on each executor (SO_REUSEPORT where there are several).
/// A connection stays on the executor that accepted it. The destructor closes everything, but does
/// not wait: who destroys what `serve` refers to waits for open_connections() to be 0 first.
class Listener {
 public:
  /// Runs one connection to its end. The Connection is lent: it lives until the Task ends. Called
  /// on every executor, so at the same time from several threads.
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
