// The parts of rt::World that the store uses, under a test's control.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"
#include "rt/world.h"

namespace ph::store::testing {

class FakeClock final : public rt::Clock {
 public:
  Instant now() const override { return Instant(std::chrono::nanoseconds(now_ns_.load())); }
  rt::Wall wall() const override {
    return kStart + std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch());
  }
  void advance(std::chrono::nanoseconds by) { now_ns_ += by.count(); }
  static constexpr rt::Wall kStart = rt::Wall(std::chrono::days(20000));

 private:
  std::atomic<std::int64_t> now_ns_{1};
};

class FakeRandom final : public rt::Random {
 public:
  explicit FakeRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t bound) override { return next() % bound; }
  void fill(std::span<char> octets) override {
    for (char& octet : octets) octet = static_cast<char>(next());
  }

 private:
  std::uint64_t next() {  // splitmix64
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

/// Says how much is free; has no files.
class FakeDisk final : public rt::Disk {
 public:
  Result<std::string> read(std::string_view file) override {
    return fail(Kind::not_found, "no files here", std::string(file));
  }
  Result<Done> replace(std::string_view file, std::string_view, unsigned) override {
    return fail(Kind::refused, "no files here", std::string(file));
  }
  Result<std::uint64_t> free_octets(std::string_view) override { return free.load(); }
  std::atomic<std::uint64_t> free{std::uint64_t{1} << 40};
};

class FakeNet final : public rt::Net {
 public:
  Result<std::unique_ptr<rt::Acceptor>> listen(rt::Executor, rt::Endpoint, bool) override {
    return fail(Kind::refused, "no net here");
  }
  Task<Result<std::unique_ptr<rt::Stream>>> connect(rt::Endpoint, rt::Instant) override {
    co_return fail(Kind::refused, "no net here");
  }
};

/// Timers that go off when the test moves the clock on. One thread.
class FakeTimers final : public rt::Timers {
 public:
  explicit FakeTimers(FakeClock& clock) : clock_(clock), waits_(std::make_shared<Waits>()) {}
  std::unique_ptr<rt::Timer> timer(rt::Executor) override {
    return std::make_unique<FakeTimer>(clock_, waits_);
  }
  /// Moves the clock and wakes who is due.
  void advance(std::chrono::nanoseconds by) {
    clock_.advance(by);
    for (std::size_t i = 0; i < waits_->size();) {
      if ((*waits_)[i].at > clock_.now()) {
        ++i;
        continue;
      }
      auto resume = std::move((*waits_)[i].resume);
      waits_->erase(waits_->begin() + static_cast<std::ptrdiff_t>(i));
      resume(Done{});
    }
  }
  /// Ends every wait without waking anybody: the coroutines that wait are destroyed on their
  /// executors.
  void abandon() { Waits().swap(*waits_); }

 private:
  struct Wait {
    const void* timer;
    rt::Instant at;
    rt::Resume<Result<Done>> resume;
  };
  using Waits = std::vector<Wait>;
  class FakeTimer final : public rt::Timer {
   public:
    FakeTimer(FakeClock& clock, std::shared_ptr<Waits> waits)
        : clock_(clock), waits_(std::move(waits)) {}
    Task<Result<Done>> wait_until(rt::Instant at) override {
      if (at <= clock_.now()) co_return Done{};
      auto done = co_await rt::suspend<Result<Done>>([this, at](rt::Resume<Result<Done>> resume) {
        waits_->push_back({this, at, std::move(resume)});
      });
      co_return done;
    }
    void cancel() override {
      for (auto wait = waits_->begin(); wait != waits_->end(); ++wait) {
        if (wait->timer != this) continue;
        auto resume = std::move(wait->resume);
        waits_->erase(wait);
        resume(fail(Kind::cancelled, "timer cancelled"));
        return;
      }
    }

   private:
    FakeClock& clock_;
    std::shared_ptr<Waits> waits_;  // with the timers' owner
  };
  FakeClock& clock_;
  std::shared_ptr<Waits> waits_;
};

/// Each piece of work on a thread of its own, or at once.
class FakeWorkers final : public rt::Workers {
 public:
  ~FakeWorkers() override {
    for (std::thread& thread : threads_) thread.join();
  }
  void post(std::function<void()> work) override {
    ++posted;
    if (!on_threads) return work();
    const std::scoped_lock lock(mutex_);
    threads_.emplace_back(std::move(work));
  }
  bool on_threads = false;
  std::atomic<int> posted{0};

 private:
  std::mutex mutex_;
  std::vector<std::thread> threads_;
};

class FakeLog final : public rt::Log {
 public:
  void write(rt::Level level, std::string_view what, std::vector<rt::LogField>) override {
    const std::scoped_lock lock(mutex_);
    if (level >= rt::Level::warning) lines_.emplace_back(what);
  }
  /// Warnings and errors so far.
  std::vector<std::string> lines() const {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

struct FakeWorld {
  explicit FakeWorld(std::uint64_t seed = 1) : random(seed) {}
  FakeClock clock;
  FakeRandom random;
  FakeDisk disk;
  FakeNet net;
  FakeTimers timers{clock};
  FakeLog log;
  FakeWorkers workers;
  rt::World world{clock, random, disk, net, timers, workers, log};
};

}  // namespace ph::store::testing
