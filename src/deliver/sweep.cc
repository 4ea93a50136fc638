#include "deliver/sweep.h"

#include "mailbox/mailbox.h"

namespace ph::deliver {

Task<Result<bool>> holder_alive(store::Store& store, std::string holder) {  // NOLINT
  const std::size_t tab = holder.find('\t');
  if (tab == std::string::npos) co_return true;
  if (holder.starts_with("m/")) co_return co_await mailbox::holder_alive(store, std::move(holder));
  if (!holder.starts_with("q/")) co_return true;
  PH_CO_TRY(auto rows,
            co_await store.get(holder.substr(0, tab), {holder.substr(tab + 1)}, {.prio = 0}));
  co_return !rows.empty();
}

Sweeper::Sweeper(store::Store& store, identity::Identity& identity, rt::World& world,
                 rt::Executor executor)
    : store_(store),
      identity_(identity),
      world_(world),
      executor_(std::move(executor)),
      timer_(world.timers.timer(executor_)),
      stopped_(world.timers.timer(executor_)) {}

void Sweeper::start() {
  running_ = true;
  rt::spawn(executor_, run());
}

Task<Result<std::uint64_t>> Sweeper::sweep_now() {
  const std::uint32_t today = day_of(world_.clock.wall());
  co_return co_await store_.sweep(
      today - std::min(today, 1U),
      [this](std::string holder) { return holder_alive(store_, std::move(holder)); }, {.prio = 0});
}

Task<void> Sweeper::run() {
  std::chrono::nanoseconds wait = kSweepFirst;
  while (!stopping_) {
    auto slept = co_await timer_->wait_until(world_.clock.now() + wait);
    if (!slept) break;
    auto freed = co_await sweep_now();
    if (!freed)
      world_.log.error("sweep: unused message bodies could not be freed", freed.error());
    else if (*freed > 0)
      world_.log.write(rt::Level::info, "sweep: freed bodies that nothing refers to",
                       {{"octets", std::to_string(*freed)}});
    auto orphans = co_await identity_.sweep();
    if (!orphans) world_.log.error("sweep: orphaned accounts stay", orphans.error());
    wait = kSweepEvery;
  }
  running_ = false;
  stopped_->cancel();
}

Task<void> Sweeper::finish() {
  stopping_ = true;
  timer_->cancel();
  while (running_) {
    auto woken = co_await stopped_->wait_until(world_.clock.now() + std::chrono::seconds(1));
    static_cast<void>(woken);
  }
}

}  // namespace ph::deliver
