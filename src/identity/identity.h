// The room of domains, accounts, aliases and passwords, over a store. Rows:
// docs/formats/identity.md; what a crash leaves: docs/states/account.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/event.h"
#include "identity/port.h"
#include "store/store.h"

namespace ph::identity {

/// "user+tag@domain" is user@domain's unless that very address exists. RFC 5233 §1 (detail).
inline constexpr char kSubaddressSeparator = '+';
/// All domains are held in memory, in one partition.
inline constexpr std::size_t kDomainsMax = 10000;
inline constexpr std::size_t kAliasTargetsMax = 100;
/// Single-target aliases in a row that owns() follows.
inline constexpr std::size_t kOwnsDepthMax = 8;
/// Rows that a listing for an administrator returns.
inline constexpr std::size_t kListedMax = 100000;
/// Administrative calls waiting for the one that runs.
inline constexpr std::size_t kAdministrationWaitingMax = 64;

/// Answers kept in memory: addresses that exist, and apart from them (so that guessing cannot push
/// them out) addresses that do not. About 500 octets each.
inline constexpr std::size_t kResolvedEntriesMax = 20000;
inline constexpr std::size_t kUnknownEntriesMax = 20000;
/// Our own changes are seen at once; those of another node on the same store after this time.
inline constexpr std::chrono::seconds kDirectoryCacheAge{30};

/// 19 MiB each while they run.
inline constexpr std::size_t kPasswordHashesMax = 4;
/// Logins waiting for their turn (under 3 s of work); more are `unavailable` at once.
inline constexpr std::size_t kPasswordHashesWaitingMax = 256;
/// A right password is remembered this long as an HMAC under a key that dies with the process, so
/// that a client that polls does not cost a hash each time.
inline constexpr std::chrono::seconds kLoginCacheAge{300};
inline constexpr std::size_t kLoginCacheEntriesMax = 10000;
/// A user name longer than this is nobody's.
inline constexpr std::size_t kLoginUserOctetsMax = 320;

/// Wrong passwords from one peer (IPv6: one /64), or for one account, before it is locked.
inline constexpr std::uint32_t kLoginFailuresMax = 10;
inline constexpr std::chrono::minutes kLoginLockMinutes{15};
/// The answer to the first wrong password waits this long, and twice as long with each further one.
inline constexpr std::chrono::milliseconds kLoginDelayMsFirst{250};
inline constexpr std::chrono::milliseconds kLoginDelayMsMax{4000};
/// Peers and user names counted at once; the one that failed longest ago is forgotten.
inline constexpr std::size_t kLoginFailureEntriesMax = 20000;

struct Options {
  std::uint32_t login_failures_max = kLoginFailuresMax;
  std::chrono::milliseconds login_lock = kLoginLockMinutes;
  std::chrono::milliseconds login_delay_first = kLoginDelayMsFirst;
  std::chrono::milliseconds login_delay_max = kLoginDelayMsMax;
  std::size_t password_hashes_max = kPasswordHashesMax;
  std::size_t password_hashes_waiting_max = kPasswordHashesWaitingMax;
};

class Keyring;

/// All calls may come from any executor.
class Identity {
 public:
  virtual ~Identity() = default;
  virtual Directory& directory() = 0;
  virtual Authenticator& authenticator() = 0;
  virtual Administration& administration() = 0;
  virtual Keyring& keyring() = 0;  // keyring.h
  /// Deletes account rows that no address leads to: what a crash inside add_account() or
  /// remove_account() leaves behind. Waits its turn among the administrative calls. Returns how
  /// many.
  virtual Task<Result<std::uint64_t>> sweep() = 0;
};

/// Takes an event that explains no stored state; thread-safe, does not block.
using Note = std::function<void(Event)>;

/// Reads nothing yet. `store` and `world` outlive it.
std::unique_ptr<Identity> make_identity(store::Store& store, rt::World& world, Note note,
                                        Options options = {});

}  // namespace ph::identity
