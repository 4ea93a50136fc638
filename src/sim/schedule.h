// Virtual time: what happens next, and when.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "rt/world.h"

namespace ph::sim {

/// The clock of a simulated world. It moves only when nothing is left to do at its present instant.
/// now() and wall() may be called from any thread, the rest on the simulation's thread.
class Clock final : public rt::Clock {
 public:
  rt::Instant now() const override { return rt::Instant(rt::Clock::duration(now_ns_.load())); }
  rt::Wall wall() const override;
  /// People set clocks, and NTP does too: moves wall(), never now().
  void jump_wall(std::chrono::milliseconds by) { wall_offset_ms_ += by.count(); }
  /// Never back.
  void advance_to(rt::Instant at);

 private:
  std::atomic<std::int64_t> now_ns_{0};
  std::atomic<std::int64_t> wall_offset_ms_{0};
};

/// Things to happen at virtual instants, in order of time, then of being asked for. It owns every
/// coroutine that waits in the simulated world; streams and timers hold tickets, so that a world
/// can end while coroutines wait.
class Schedule {
 public:
  /// Names an entry; 0 names none.
  using Ticket = std::uint64_t;
  using Waiter = rt::Resume<Result<Done>>;

  Ticket at(rt::Instant when, std::function<void()> what);
  /// A coroutine that is resumed with `outcome` at `when`, or before by wake(). Instant::max():
  /// only by wake().
  Ticket wait(Waiter waiter, rt::Instant when, Result<Done> outcome);
  /// Resumes the waiter, or does nothing if it was resumed already. Sets `ticket` to 0.
  void wake(Ticket& ticket, Result<Done> outcome);
  /// Forgets the entry.
  void cancel(Ticket ticket);
  /// Whether something happens by itself when time goes on.
  bool empty() const { return order_.empty(); }
  rt::Instant next() const { return order_.begin()->first; }
  /// Takes the first entry out and runs it.
  void run_next();
  /// Destroys everything that waits.
  void clear();

 private:
  struct Entry {
    rt::Instant when;
    std::function<void()> what;
    std::optional<Waiter> waiter;
    Result<Done> outcome;
  };
  Ticket add(Entry entry);
  std::optional<Entry> take(Ticket ticket);

  std::map<Ticket, Entry> entries_;
  std::set<std::pair<rt::Instant, Ticket>> order_;
  Ticket last_ = 0;
};

/// Alarm clocks in virtual time.
class Timers final : public rt::Timers {
 public:
  explicit Timers(Schedule& schedule) : schedule_(schedule) {}
  std::unique_ptr<rt::Timer> timer(rt::Executor executor) override;

 private:
  Schedule& schedule_;
};

}  // namespace ph::sim
