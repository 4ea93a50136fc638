#include "sim/world.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace ph::sim {
namespace {

// How long run_until() listens to other threads, in real time, when nothing else is left to happen.
constexpr std::chrono::seconds kThreadsRealMax{30};

/// Work for threads, done by the simulation's own.
class Workers final : public rt::Workers {
 public:
  explicit Workers(boost::asio::io_context& context) : context_(context) {}
  void post(std::function<void()> work) override { boost::asio::post(context_, std::move(work)); }

 private:
  boost::asio::io_context& context_;
};

std::uint64_t derived(Random& from) { return from.below(UINT64_MAX); }

DiskFaults with_seed(DiskFaults faults, std::uint64_t seed) {
  faults.seed = seed;
  return faults;
}

}  // namespace

struct WorldParts {
  WorldParts(std::uint64_t seed, const Options& with)
      : options(with),
        random(seed),
        net_random(derived(random)),
        disk(with_seed(with.disk, derived(random))),
        net(clock, schedule, net_random, with.net) {}
  // What waits goes first: it holds streams and timers. The loop then destroys the coroutines.
  ~WorldParts() { schedule.clear(); }

  Options options;
  Random random, net_random;  // apart: what the net draws does not change what the program gets
  Clock clock;
  Schedule schedule;
  Disk disk;
  Net net;
  Timers timers{schedule};
  Log log;
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_running{
      context.get_executor()};
  Workers workers{context};
};

WorldPartsHolder::WorldPartsHolder(std::uint64_t seed, const Options& options)
    : parts(std::make_unique<WorldParts>(seed, options)) {}
WorldPartsHolder::~WorldPartsHolder() = default;

World::World(std::uint64_t seed, const Options& options)
    : WorldPartsHolder(seed, options),
      rt::World{parts->clock,  parts->random,  parts->disk, parts->net,
                parts->timers, parts->workers, parts->log} {}

rt::Executor World::executor() { return parts->context.get_executor(); }

bool World::step(rt::Instant end) {
  if (parts->context.poll_one() > 0) return true;
  const auto pause = parts->options.real_pause;
  if (pause.count() > 0 && parts->context.run_one_for(pause) > 0) return true;
  if (parts->schedule.empty() || parts->schedule.next() > end) return false;
  parts->clock.advance_to(parts->schedule.next());
  parts->schedule.run_next();
  return true;
}

bool World::run_until(const std::function<bool()>& finished, std::chrono::nanoseconds virtual_max) {
  const rt::Instant end = clock.now() + virtual_max;
  const bool has_threads = parts->options.real_pause.count() > 0;
  while (!finished()) {
    if (step(end)) continue;
    const bool only_threads = has_threads && parts->schedule.empty();
    if (!only_threads || parts->context.run_one_for(kThreadsRealMax) == 0) return false;
  }
  return true;
}

void World::run(std::chrono::nanoseconds span) {
  const rt::Instant end = clock.now() + span;
  while (step(end)) {
  }
  parts->clock.advance_to(end);
}

Clock& World::sim_clock() { return parts->clock; }
Disk& World::sim_disk() { return parts->disk; }
Net& World::sim_net() { return parts->net; }
Log& World::sim_log() { return parts->log; }
Random& World::sim_random() { return parts->random; }

}  // namespace ph::sim
