#include "rt/os/world.h"

#include <boost/asio/redirect_error.hpp>

#include "rt/os/descriptor.h"
#include "rt/os/disk.h"
#include "rt/os/net.h"
#include "rt/os/random.h"
#include "rt/os/workers.h"

namespace ph::rt::os {
namespace {

class OsClock final : public Clock {
 public:
  Instant now() const override { return steady_now(); }
  Wall wall() const override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
};

class OsRandom final : public Random {
 public:
  std::uint64_t below(std::uint64_t bound) override {
    PH_CHECK(bound >= 1);
    // Values under 2^64 mod bound are drawn again, so that each result is equally likely.
    const std::uint64_t unfair = (0 - bound) % bound;
    for (;;) {
      std::uint64_t value = 0;
      fill({reinterpret_cast<char*>(&value), sizeof value});
      if (value >= unfair) return value % bound;
    }
  }
  void fill(std::span<char> octets) override { fill_random(octets); }
};

class OsTimer final : public Timer {
 public:
  explicit OsTimer(const Executor& executor) : timer_(executor) {}
  Task<Result<Done>> wait_until(Instant at) override {
    timer_.expires_at(std::chrono::steady_clock::time_point(at.time_since_epoch()));
    boost::system::error_code failed;
    co_await timer_.async_wait(
        boost::asio::redirect_error(boost::asio::use_awaitable_t<Executor>(), failed));
    if (failed) co_return fail(Kind::cancelled, "the timer was cancelled");
    co_return Done{};
  }
  void cancel() override { timer_.cancel(); }

 private:
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>, Executor>
      timer_;
};

class OsTimers final : public Timers {
 public:
  std::unique_ptr<Timer> timer(Executor executor) override {
    return std::make_unique<OsTimer>(executor);
  }
};

}  // namespace

struct OsParts {
  OsParts(Log& to, unsigned worker_threads) : log(to), workers(worker_threads) {}
  OsClock clock;
  OsRandom random;
  OsDisk disk;
  OsNet net;
  OsTimers timers;
  Log& log;
  OsWorkers workers;
};

OsPartsHolder::OsPartsHolder(Log& log, unsigned worker_threads)
    : parts(std::make_unique<OsParts>(log, worker_threads)) {}
OsPartsHolder::~OsPartsHolder() = default;

OsWorld::OsWorld(Log& to, unsigned worker_threads)
    : OsPartsHolder(to, worker_threads),
      World{parts->clock,  parts->random,  parts->disk, parts->net,
            parts->timers, parts->workers, parts->log} {}

}  // namespace ph::rt::os
