// Which mail servers did not take mail lately: so that a dead one costs its time once and not at
// each attempt, and an attempt that cannot try all goes on where earlier ones left off.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "deliver/outgoing.h"

namespace ph::deliver {

/// Addresses that one attempt connects to, and hosts that it talks to.
inline constexpr std::size_t kTargetsPerAttemptMax = 16;
inline constexpr std::size_t kTalksPerAttemptMax = 4;
/// So long an address that gave no connection comes after all others.
inline constexpr std::chrono::minutes kHostDeadFor{10};
/// So long it is remembered, where no other works, that its turn is after those not yet tried.
inline constexpr std::chrono::hours kHostRememberedFor{24};
/// Addresses; the oldest are forgotten first.
inline constexpr std::size_t kHostsRememberedMax = 20000;

/// Kept in memory alone: a restart finds out anew. One executor. O(log n) for each address.
class HostMemory {
 public:
  explicit HostMemory(const rt::Clock& clock) : clock_(clock) {}

  /// silent: it gave no connection; else it talked, and would not take mail now.
  void failed(const rt::Endpoint& at, bool silent);
  /// It takes mail. Of those that were not tried, `passed_over`, what is old is forgotten: their
  /// turn comes again.
  void works(const rt::Endpoint& at, const std::deque<Target>& passed_over);
  /// Puts the targets of one destination, which are in the order of preference, into the order to
  /// try them in, and leaves at most kTargetsPerAttemptMax. Dead ones go to the end. Where there
  /// are more than one attempt can talk to, those come first whose failure is longest ago or that
  /// never failed, so that several attempts come past all of them.
  void arrange(std::deque<Target>& targets);
  std::size_t size() const { return failures_.size(); }

 private:
  struct Failure {
    rt::Instant at;
    bool silent = false;
  };
  void forget(const rt::Endpoint& at);

  const rt::Clock& clock_;
  std::map<rt::Endpoint, Failure> failures_;
  std::set<std::pair<rt::Instant, rt::Endpoint>> oldest_;  // the same ones
};

}  // namespace ph::deliver
