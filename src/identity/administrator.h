// Domains, accounts and aliases come, change and go. One call at a time in this process; between
// processes the conditions of each commit decide. docs/states/account.md says what each crash
// leaves.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "identity/authenticator.h"
#include "identity/directory.h"
#include "identity/hasher.h"
#include "identity/rows.h"
#include "identity/turnstile.h"

namespace ph::identity {

class Administrator final : public Administration {
 public:
  Administrator(Rows& rows, CachedDirectory& directory, PasswordAuthenticator& authenticator,
                PasswordHasher& hasher, rt::World& world, Note note)
      : rows_(rows),
        directory_(directory),
        authenticator_(authenticator),
        hasher_(hasher),
        world_(world),
        note_(std::move(note)) {}

  Task<Result<Done>> add_domain(std::string name) override;
  Task<Result<std::vector<Domain>>> domains() override;
  Task<Result<Done>> remove_domain(std::string name, bool force) override;
  Task<Result<Account>> add_account(std::string address, std::string password) override;
  Task<Result<std::vector<Account>>> accounts(std::string domain_or_empty) override;
  Task<Result<Account>> show_account(std::string address) override;
  Task<Result<Done>> set_password(std::string address, std::string password) override;
  Task<Result<Done>> set_state(std::string address, AccountState state) override;
  Task<Result<Done>> set_quota(std::string address, std::optional<std::uint64_t> octets) override;
  Task<Result<Done>> move_account(std::string address, std::string to_or_empty,
                                  bool forward) override;
  Task<Result<Done>> remove_account(std::string address) override;
  Task<Result<Done>> add_alias(std::string address, std::vector<std::string> targets) override;
  Task<Result<std::vector<Alias>>> aliases(std::string domain_or_empty) override;
  Task<Result<Done>> remove_alias(std::string address) override;
  Task<Result<std::uint64_t>> sweep();

 private:
  /// All addresses, or those of one domain; in order of their keys.
  Task<Result<std::vector<NamedAddress>>> addresses(std::string domain_or_empty,
                                                    rt::Instant deadline);
  Task<Result<std::vector<Account>>> live_accounts(std::string domain_or_empty,
                                                   rt::Instant deadline);
  Task<Result<Stored<AccountRow>>> existing_account(std::string directory_key,
                                                    rt::Instant deadline);
  using Change = std::function<void(AccountRow&)>;
  Task<Result<Account>> change_account(std::string address, Change change, rt::Instant deadline);
  Task<Result<Done>> change_and_note(std::string address, Change change, std::string why);
  Task<Result<Done>> make_postmaster(std::string domain, std::string account_id,
                                     rt::Instant deadline);
  Task<Result<Done>> hand_postmaster_on(Account leaving, rt::Instant deadline);
  Task<Result<Done>> erase_account(std::string directory_key, rt::Instant deadline);
  /// An address as it was typed, its domain as it is stored if it is one of ours: the directory key
  /// of what this returns is that of the address's row. malformed: not an address with a domain.
  Task<Result<message::Address>> stored_address(std::string text, rt::Instant deadline);
  Task<Result<Done>> check_free(std::string directory_key, rt::Instant deadline);
  /// In any spelling; the row has the stored one.
  Task<Result<Stored<DomainRow>>> existing_domain(std::string name, rt::Instant deadline);

  rt::Instant deadline() const;
  std::string new_id();
  void changed(std::string recipient, std::string why);

  Rows& rows_;
  CachedDirectory& directory_;
  PasswordAuthenticator& authenticator_;
  PasswordHasher& hasher_;
  rt::World& world_;
  const Note note_;
  Turnstile turns_{1, kAdministrationWaitingMax};
};

}  // namespace ph::identity
