#include "deliver/host_memory.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace ph::deliver {

void HostMemory::forget(const rt::Endpoint& at) {
  const auto found = failures_.find(at);
  if (found == failures_.end()) return;
  oldest_.erase({found->second.at, at});
  failures_.erase(found);
}

void HostMemory::failed(const rt::Endpoint& at, bool silent) {
  forget(at);
  const rt::Instant now = clock_.now();
  failures_.emplace(at, Failure{now, silent});
  oldest_.emplace(now, at);
  while (oldest_.size() > kHostsRememberedMax ||
         oldest_.begin()->first + kHostRememberedFor < now) {
    failures_.erase(oldest_.begin()->second);
    oldest_.erase(oldest_.begin());
  }
}

void HostMemory::works(const rt::Endpoint& at, const std::deque<Target>& passed_over) {
  forget(at);
  for (const Target& target : passed_over) {
    const auto found = failures_.find(target.at);
    if (found != failures_.end() && found->second.at + kHostDeadFor <= clock_.now())
      forget(target.at);
  }
}

void HostMemory::arrange(std::deque<Target>& targets) {
  const rt::Instant now = clock_.now();
  const bool many = targets.size() > kTalksPerAttemptMax;
  const auto turn = [&](const Target& target) {
    const auto found = failures_.find(target.at);
    if (found == failures_.end()) return rt::Instant::min();
    const Failure& failure = found->second;
    if (failure.at + kHostRememberedFor <= now) return rt::Instant::min();
    const bool dead = failure.silent && failure.at + kHostDeadFor > now;
    return many ? failure.at : dead ? rt::Instant::max() : rt::Instant::min();
  };
  std::vector<std::pair<rt::Instant, std::size_t>> order;
  for (std::size_t i = 0; i < targets.size(); ++i) order.emplace_back(turn(targets[i]), i);
  std::ranges::sort(order);
  if (order.size() > kTargetsPerAttemptMax) order.resize(kTargetsPerAttemptMax);
  std::deque<Target> arranged;
  for (const auto& [at, index] : order) arranged.push_back(std::move(targets[index]));
  targets = std::move(arranged);
}

}  // namespace ph::deliver
