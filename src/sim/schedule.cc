#include "sim/schedule.h"

#include <algorithm>
#include <memory>

namespace ph::sim {
namespace {

// 2026-01-01T00:00:00Z: every simulated world begins there.
constexpr std::int64_t kFirstWallMs = 1767225600000;

class Timer final : public rt::Timer {
 public:
  explicit Timer(Schedule& schedule) : schedule_(schedule) {}
  ~Timer() override { schedule_.cancel(ticket_); }

  Task<Result<Done>> wait_until(rt::Instant at) override {
    return rt::suspend<Result<Done>>([this, at](Schedule::Waiter waiter) {
      ticket_ = schedule_.wait(std::move(waiter), at, Done{});
    });
  }
  void cancel() override {
    schedule_.wake(ticket_, fail(Kind::cancelled, "the timer was cancelled"));
  }

 private:
  Schedule& schedule_;
  Schedule::Ticket ticket_ = 0;
};

}  // namespace

rt::Wall Clock::wall() const {
  return rt::Wall(std::chrono::milliseconds(kFirstWallMs + now_ns_ / 1'000'000 + wall_offset_ms_));
}

void Clock::advance_to(rt::Instant at) {
  now_ns_ = std::max<std::int64_t>(now_ns_, at.time_since_epoch().count());
}

Schedule::Ticket Schedule::at(rt::Instant when, std::function<void()> what) {
  return add({when, std::move(what), std::nullopt, Done{}});
}

Schedule::Ticket Schedule::wait(Waiter waiter, rt::Instant when, Result<Done> outcome) {
  return add({when, {}, std::move(waiter), std::move(outcome)});
}

Schedule::Ticket Schedule::add(Entry entry) {
  const Ticket ticket = ++last_;
  if (entry.when != rt::Instant::max()) order_.emplace(entry.when, ticket);
  entries_.emplace(ticket, std::move(entry));
  return ticket;
}

std::optional<Schedule::Entry> Schedule::take(Ticket ticket) {
  const auto found = entries_.find(ticket);
  if (found == entries_.end()) return std::nullopt;
  Entry entry = std::move(found->second);
  order_.erase({entry.when, ticket});
  entries_.erase(found);
  return entry;
}

void Schedule::wake(Ticket& ticket, Result<Done> outcome) {
  auto entry = take(std::exchange(ticket, 0));
  if (entry && entry->waiter) (*entry->waiter)(std::move(outcome));
}

void Schedule::cancel(Ticket ticket) { take(ticket); }

void Schedule::run_next() {
  auto entry = take(order_.begin()->second);
  if (entry->waiter) {
    (*entry->waiter)(std::move(entry->outcome));
  } else {
    entry->what();
  }
}

void Schedule::clear() {
  while (!entries_.empty()) {  // what is destroyed closes streams, which may add entries
    auto all = std::exchange(entries_, {});
    order_.clear();
  }
}

std::unique_ptr<rt::Timer> Timers::timer(rt::Executor) {
  return std::make_unique<Timer>(schedule_);
}

}  // namespace ph::sim
