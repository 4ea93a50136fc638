// The door to identity: domains, accounts, aliases, and who may log in. Values in, values out,
// every call with a deadline.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "message/address.h"
#include "rt/world.h"

namespace ph::identity {

enum class AccountState : std::uint8_t { active, disabled, locked };

struct Account {
  std::string id;            // 26 base32 characters, never reused
  message::Address address;  // primary
  AccountState state = AccountState::active;
  std::optional<std::uint64_t> quota_octets;
  std::optional<message::Address> moved_to;
  bool forward = false;  // with moved_to: 251 and forward; else 551
  Wall created{};
};

struct Domain {
  std::string name;
  Wall created{};
};

/// What the directory knows about an address. A domain in UTF-8 and its A-labels are one domain,
/// here and in all calls below: RFC 5890 §2.3.2.1.
struct Resolved {
  enum class What : std::uint8_t { not_local, unknown_user, account, alias, moved } what;
  Account account;                        // account, moved
  std::vector<message::Address> targets;  // alias: its targets; moved: the new address
};

/// Looked up for each message: cached in memory, no disk in the usual case.
class Directory {
 public:
  virtual ~Directory() = default;
  /// <postmaster> and postmaster@ a local domain, in any case, always resolve: to an alias or
  /// account of that name, else to the domain's first account. The bare one is that of the first
  /// domain.
  virtual Task<Result<Resolved>> resolve(message::Address address, rt::Instant deadline) = 0;
  virtual Task<Result<Account>> account(std::string id, rt::Instant deadline) = 0;
  /// May this account send as this address? (its own, or an alias that leads to it alone)
  virtual Task<Result<bool>> owns(std::string account_id, message::Address address,
                                  rt::Instant deadline) = 0;
};

/// A password as it came over the wire, with where from. `password` is wiped by the callee.
struct LoginAttempt {
  std::string user;  // as typed; "alice" alone means alice@ the first domain
  std::string password;
  std::string peer_ip;
  std::string listener;
};
struct LoginResult {
  enum class What : std::uint8_t { ok, wrong, locked, disabled } what = What::wrong;
  Account account;  // ok only
};

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  /// Slow by design (argon2id on a worker thread, bounded memory and concurrency), slower after
  /// wrong passwords; after kLoginFailuresMax the peer address and the account are locked for a
  /// while, with an event. An unknown user takes as long as a wrong password.
  virtual Task<Result<LoginResult>> login(LoginAttempt attempt, rt::Instant deadline) = 0;
};

/// Used by the command line through the admin socket.
///   conflict    exists already        not_found   no such domain, account, alias
///   refused     with the reason: domain still has accounts (force not given), ...
///   malformed   not an address, not a domain name
class Administration {
 public:
  virtual ~Administration() = default;
  virtual Task<Result<Done>> add_domain(std::string name) = 0;
  virtual Task<Result<std::vector<Domain>>> domains() = 0;
  virtual Task<Result<Done>> remove_domain(std::string name, bool force) = 0;
  virtual Task<Result<Account>> add_account(std::string address, std::string password) = 0;
  virtual Task<Result<std::vector<Account>>> accounts(std::string domain_or_empty) = 0;
  virtual Task<Result<Account>> show_account(std::string address) = 0;
  virtual Task<Result<Done>> set_password(std::string address, std::string password) = 0;
  virtual Task<Result<Done>> set_state(std::string address, AccountState state) = 0;
  virtual Task<Result<Done>> set_quota(std::string address,
                                       std::optional<std::uint64_t> octets) = 0;
  virtual Task<Result<Done>> move_account(std::string address, std::string to_or_empty,
                                          bool forward) = 0;
  virtual Task<Result<Done>> remove_account(std::string address) = 0;
  virtual Task<Result<Done>> add_alias(std::string address, std::vector<std::string> targets) = 0;
  struct Alias {
    std::string address;
    std::vector<std::string> targets;
  };
  virtual Task<Result<std::vector<Alias>>> aliases(std::string domain_or_empty) = 0;
  virtual Task<Result<Done>> remove_alias(std::string address) = 0;
};

}  // namespace ph::identity
