#include "identity/login_guard.h"

#include <algorithm>
#include <utility>

namespace ph::identity {

namespace {
std::string peer_entry(std::string_view peer) { return "p" + std::string(peer); }
std::string user_entry(std::string_view user) { return "u" + std::string(user); }
}  // namespace

bool LoginGuard::locked_entry(const std::string& key, rt::Instant now) const {
  const auto found = index_.find(key);
  if (found == index_.end()) return false;
  const auto& until = found->second->locked_until;
  return until && *until > now;
}

LoginGuard::Locked LoginGuard::locked(std::string_view peer, std::string_view user,
                                      rt::Instant now) const {
  const std::lock_guard lock(mutex_);
  return {locked_entry(peer_entry(peer), now), locked_entry(user_entry(user), now)};
}

/// The entry of `key`, moved to the end of the list; a new one where there was none or it has
/// expired.
LoginGuard::Entry& LoginGuard::touched(std::string key, rt::Instant now) {
  if (const auto found = index_.find(key); found != index_.end()) {
    entries_.splice(entries_.end(), entries_, found->second);
    Entry& entry = entries_.back();
    const bool lock_over = entry.locked_until && *entry.locked_until <= now;
    if (lock_over || now - entry.last >= options_.login_lock) {
      entry.failures = 0;
      if (lock_over) entry.locked_until.reset();
    }
    entry.last = now;
    return entry;
  }
  if (entries_.size() >= kLoginFailureEntriesMax) {
    index_.erase(entries_.front().key);
    entries_.pop_front();
  }
  entries_.push_back({key, 0, now, {}});
  index_.emplace(std::move(key), std::prev(entries_.end()));
  return entries_.back();
}

/// True if this failure is the one that locks.
bool LoginGuard::count(Entry& entry, rt::Instant now) const {
  ++entry.failures;
  if (entry.failures < options_.login_failures_max || entry.locked_until) return false;
  entry.locked_until = now + options_.login_lock;
  return true;
}

LoginGuard::Failed LoginGuard::failed(std::string_view peer, std::string_view user,
                                      rt::Instant now) {
  const std::lock_guard lock(mutex_);
  Failed out;
  {
    Entry& entry = touched(peer_entry(peer), now);
    out.locks.peer = count(entry, now);
    out.failures = entry.failures;
  }
  {
    Entry& entry = touched(user_entry(user), now);
    out.locks.user = count(entry, now);
    out.failures = std::max(out.failures, entry.failures);
  }
  constexpr std::uint32_t kDoublingsMax = 20;  // so that the shift cannot overflow
  out.delay = std::min(
      options_.login_delay_max,
      options_.login_delay_first * (std::int64_t{1} << std::min(out.failures - 1, kDoublingsMax)));
  return out;
}

void LoginGuard::lock_user(std::string_view user, rt::Instant until, rt::Instant now) {
  const std::lock_guard lock(mutex_);
  Entry& entry = touched(user_entry(user), now);
  entry.locked_until = until;
}

void LoginGuard::forgive_user(std::string_view user) {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(user_entry(user));
  if (found == index_.end()) return;
  entries_.erase(found->second);
  index_.erase(found);
}

}  // namespace ph::identity
