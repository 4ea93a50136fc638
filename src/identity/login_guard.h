// Counts wrong passwords by peer and by user, and says how long to wait and when to lock. Pure: the
// time comes from outside.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "identity/identity.h"
#include "rt/world.h"

namespace ph::identity {

/// Any thread. Bounded: over kLoginFailureEntriesMax the entry that failed longest ago goes.
class LoginGuard {
 public:
  explicit LoginGuard(const Options& options) : options_(options) {}

  struct Locked {
    bool peer = false, user = false;
    explicit operator bool() const { return peer || user; }
  };
  Locked locked(std::string_view peer, std::string_view user, rt::Instant now) const;

  struct Failed {
    std::uint32_t failures = 0;         // of the one that has more
    std::chrono::milliseconds delay{};  // before the answer is given
    Locked locks;                       // what this failure locked
  };
  /// One more wrong password. Failures older than the time of a lock no longer count.
  Failed failed(std::string_view peer, std::string_view user, rt::Instant now);
  /// A lock that was made before a restart.
  void lock_user(std::string_view user, rt::Instant until, rt::Instant now);
  /// A right password, or a new one: the user starts afresh. The peer does not, or whoever has one
  /// account could guess at the others for ever.
  void forgive_user(std::string_view user);

 private:
  struct Entry {
    std::string key;
    std::uint32_t failures = 0;
    rt::Instant last;
    std::optional<rt::Instant> locked_until;
  };
  using Entries = std::list<Entry>;  // longest ago first

  bool locked_entry(const std::string& key, rt::Instant now) const;
  Entry& touched(std::string key, rt::Instant now);
  bool count(Entry& entry, rt::Instant now) const;

  const Options options_;
  mutable std::mutex mutex_;
  Entries entries_;
  std::map<std::string, Entries::iterator> index_;  // strangers would choose what a hash sees
};

}  // namespace ph::identity
