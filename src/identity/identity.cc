#include "identity/identity.h"

#include <utility>

#include "identity/administrator.h"
#include "identity/authenticator.h"
#include "identity/directory.h"
#include "identity/hasher.h"
#include "identity/keyring.h"
#include "identity/rows.h"

namespace ph::identity {

namespace {

class StoredIdentity final : public Identity {
 public:
  StoredIdentity(store::Store& store, rt::World& world, Note note, const Options& options)
      : rows_(store, world),
        directory_(rows_, world),
        hasher_(world, options.password_hashes_max, options.password_hashes_waiting_max),
        authenticator_(rows_, directory_, hasher_, world, note, options),
        keyring_(rows_, world, note),
        administrator_(rows_, directory_, authenticator_, hasher_, world, std::move(note)) {}

  Directory& directory() override { return directory_; }
  Authenticator& authenticator() override { return authenticator_; }
  Administration& administration() override { return administrator_; }
  Keyring& keyring() override { return keyring_; }
  Task<Result<std::uint64_t>> sweep() override { return administrator_.sweep(); }

 private:
  Rows rows_;
  CachedDirectory directory_;
  PasswordHasher hasher_;
  PasswordAuthenticator authenticator_;
  StoredKeyring keyring_;
  Administrator administrator_;
};

}  // namespace

std::unique_ptr<Identity> make_identity(store::Store& store, rt::World& world, Note note,
                                        Options options) {
  return std::make_unique<StoredIdentity>(store, world, std::move(note), options);
}

}  // namespace ph::identity
