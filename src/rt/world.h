// Everything that is not a pure function of its input. The real one is src/rt/os, the simulated one
// src/sim; no other folder may include <chrono> clocks, <random>, <fcntl.h> or sockets
// (tools/tidy checks it). Passed by reference through constructors, never global.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "rt/endpoint.h"
#include "rt/log.h"
#include "rt/task.h"

namespace ph::rt {

/// Two clocks: one to wait by, one for people.
struct Clock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<Clock, duration>;
  static constexpr bool is_steady = true;

  using Instant = time_point;                                     // monotonic, per boot
  using Wall = std::chrono::sys_time<std::chrono::milliseconds>;  // may jump: for people and dates

  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual Wall wall() const = 0;
};
using Instant = Clock::Instant;
using Wall = Clock::Wall;

struct Random {
  virtual ~Random() = default;
  virtual std::uint64_t below(std::uint64_t bound) = 0;  // 0 <= result < bound; bound >= 1
  virtual void fill(std::span<char> octets) = 0;         // fit for keys and passwords
};

/// Small files by name (configuration, certificates, key material), blocking. Bulk data goes
/// through store/. Nothing is durable before the call returns; replace() is atomic (write, sync,
/// rename, sync of the folder) and makes missing folders, for the owner alone.
struct Disk {
  virtual ~Disk() = default;
  virtual Result<std::string> read(std::string_view file) = 0;
  virtual Result<Done> replace(std::string_view file, std::string_view octets, unsigned mode) = 0;
  virtual Result<std::uint64_t> free_octets(std::string_view folder) = 0;
};

/// A connected stream of octets, owned by one coroutine. It never blocks: wait, then take what is
/// there. Closing (also by a deadline) makes every wait return `cancelled` or `timed_out`.
class Stream {
 public:
  virtual ~Stream() = default;
  /// ok: read_now() will have something to say. timed_out: nothing came before `deadline`.
  virtual Task<Result<Done>> wait_readable(Instant deadline) = 0;
  /// Octets read, >= 1; 0: nothing there yet, wait. cancelled: the peer closed or reset.
  virtual Result<std::size_t> read_now(std::span<char> into) = 0;
  virtual Task<Result<Done>> wait_writable(Instant deadline) = 0;
  /// Octets taken, 0: no room yet, wait. cancelled: the peer is gone.
  virtual Result<std::size_t> write_now(std::span<const char> octets) = 0;
  /// Called on the stream's executor by another coroutine: the wait_readable() under way returns
  /// `unavailable` at once; without one under way, nothing happens.
  virtual void interrupt() = 0;
  /// No more octets from us; what was written still arrives.
  virtual void shutdown_write() = 0;
  virtual void close() = 0;
  virtual Endpoint peer() const = 0;
  virtual Endpoint local() const = 0;
};

class Acceptor {
 public:
  virtual ~Acceptor() = default;
  /// Waits for the next connection. cancelled: close() was called. unavailable: no room for one
  /// now, and it has paused already: call again.
  virtual Task<Result<std::unique_ptr<Stream>>> accept() = 0;
  virtual void close() = 0;
  virtual Endpoint local() const = 0;  // with the port that the system picked where 0 was asked
};

struct Net {
  virtual ~Net() = default;
  /// Binds and listens. unavailable: the address is in use or may not be bound (detail says which).
  /// Several acceptors may share one endpoint if `shared` (one per thread, SO_REUSEPORT).
  virtual Result<std::unique_ptr<Acceptor>> listen(Executor executor, Endpoint at, bool shared) = 0;
  virtual Task<Result<std::unique_ptr<Stream>>> connect(Endpoint to, Instant deadline) = 0;
};

/// One alarm clock, used by one coroutine at a time.
class Timer {
 public:
  virtual ~Timer() = default;
  /// ok: `at` has come. cancelled: cancel() was called.
  virtual Task<Result<Done>> wait_until(Instant at) = 0;
  /// Wakes the waiter, if there is one. Call it on the timer's executor.
  virtual void cancel() = 0;
};

struct Timers {
  virtual ~Timers() = default;
  virtual std::unique_ptr<Timer> timer(Executor executor) = 0;
};

/// Threads for work that would hold up an event loop (password hashing, cold reads).
struct Workers {
  virtual ~Workers() = default;
  virtual void post(std::function<void()> work) = 0;
};

/// The real world, or a simulated one. All parts outlive everything that is built on them.
struct World {
  Clock& clock;
  Random& random;
  Disk& disk;
  Net& net;
  Timers& timers;
  Workers& workers;
  Log& log;
};

/// Runs `work` on a worker thread; the coroutine goes on on its own executor.
template <class T, class Work>
Task<T> offload(Workers& workers, Work work) {  // NOLINT: workers outlive every coroutine
  co_return co_await suspend<T>([&workers, work = std::move(work)](Resume<T> resume) mutable {
    auto shared = std::make_shared<std::pair<Work, Resume<T>>>(std::move(work), std::move(resume));
    workers.post([shared] { shared->second(shared->first()); });  // std::function wants copies
  });
}

}  // namespace ph::rt
