// A whole world in one thread and virtual time, the same in every run with the same seed. Tests
// only.
//
//   sim::World world(seed);
//   world.spawn(session(world));
//   ASSERT_TRUE(world.run_until([&] { return finished; }));
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "rt/world.h"
#include "sim/disk.h"
#include "sim/log.h"
#include "sim/net.h"
#include "sim/random.h"
#include "sim/schedule.h"

namespace ph::sim {

struct Options {
  NetFaults net;
  /// Its seed is replaced by one from the world's.
  DiskFaults disk;
  /// For worlds in which other threads post (the committer of a store on real files): how long to
  /// listen to them, in real time, before the clock moves on. 0: there are none; only then is the
  /// order of everything decided by the seed.
  std::chrono::milliseconds real_pause{0};
};

struct WorldParts;
struct WorldPartsHolder {
  WorldPartsHolder(std::uint64_t seed, const Options& options);
  ~WorldPartsHolder();
  std::unique_ptr<WorldParts> parts;
};

/// Everything runs on the thread that calls run() or run_until(). Coroutines that still wait at the
/// end are destroyed with the world, so it is declared after what they refer to, or they end
/// before.
class World : private WorldPartsHolder, public rt::World {
 public:
  explicit World(std::uint64_t seed, const Options& options = {});

  rt::Executor executor();
  void spawn(Task<void> task) { rt::spawn(executor(), std::move(task)); }

  /// Runs until `finished` (asked after each step). false: nothing is left to happen, or
  /// `virtual_max` has passed.
  bool run_until(const std::function<bool()>& finished,
                 std::chrono::nanoseconds virtual_max = std::chrono::hours(1));
  /// Runs what happens within `span`; afterwards the clock stands at its end.
  void run(std::chrono::nanoseconds span);

  // The parts with what a test may do to them.
  Clock& sim_clock();
  Disk& sim_disk();
  Net& sim_net();
  Log& sim_log();
  Random& sim_random();

 private:
  /// Does the next thing that happens no later than `end`; false: there is none.
  bool step(rt::Instant end);
};

}  // namespace ph::sim
