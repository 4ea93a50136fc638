// Who may log in: passwords checked, wrong ones slowed and locked out, right ones remembered
// briefly.
#pragma once

#include <optional>
#include <string>

#include "identity/directory.h"
#include "identity/hasher.h"
#include "identity/login_guard.h"

namespace ph::identity {

class PasswordAuthenticator final : public Authenticator {
 public:
  PasswordAuthenticator(Rows& rows, CachedDirectory& directory, PasswordHasher& hasher,
                        rt::World& world, Note note, const Options& options);

  Task<Result<LoginResult>> login(LoginAttempt attempt, rt::Instant deadline) override;

  /// After a change of an account's password or state: what was remembered no longer holds, and its
  /// lock is taken off.
  Task<Result<Done>> renew(Account account, rt::Instant deadline);
  /// After a change that takes nothing off: only the remembered logins go.
  void forget() { remembered_.clear(); }

 private:
  /// What is known of one attempt before its password is looked at.
  struct Claim {
    std::optional<Account> account;  // nullopt: nobody has this name
    std::string user_key;            // names the user in the guard, without being the name
    std::string peer_key;
    std::string peer_text;  // for events
  };
  struct Remembered {
    std::string code;  // HMAC of id and password under key_
    Account account;
  };

  Task<Result<Claim>> claim_of(std::string user, std::string peer_ip, std::string listener,
                               rt::Instant deadline);
  Task<Result<LoginResult>> check(Claim claim, std::string password, rt::Instant deadline);
  Task<Result<LoginResult>> reject(Claim claim, rt::Instant deadline);
  Task<Result<bool>> locked_before_restart(Claim claim, rt::Instant deadline);
  LoginResult admit(const Claim& claim, Account account);
  LoginResult turn_away(const Claim& claim, LoginGuard::Locked locked);
  std::string code_of(const std::string& id, const std::string& password) const;
  void note(const Claim& claim, Outcome outcome, std::string why);

  Rows& rows_;
  CachedDirectory& directory_;
  PasswordHasher& hasher_;
  rt::World& world_;
  const Note note_;
  const Options options_;
  LoginGuard guard_;
  GenerationCache<Remembered> remembered_{kLoginCacheEntriesMax};
  std::string key_;  // random, of this process
};

}  // namespace ph::identity
