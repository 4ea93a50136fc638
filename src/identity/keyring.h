// The keys that sign in a domain's name (DKIM, ARC): kept in the directory, read nowhere else.
// docs/formats/identity.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "crypto/signature_key.h"
#include "identity/generation_cache.h"
#include "identity/identity.h"
#include "identity/rows.h"
#include "identity/turnstile.h"

namespace ph::identity {

/// Keys of one domain, old ones too: a new pair needs room for two.
inline constexpr std::size_t kDomainKeysMax = 16;
/// Domains whose keys are held ready.
inline constexpr std::size_t kKeyringEntriesMax = 1000;
/// Keys that are made, or changed, while others wait.
inline constexpr std::size_t kKeyChangesWaitingMax = 64;
inline constexpr unsigned kSigningRsaBits = 2048;  // RFC 8301 §3.2

struct SigningKey {
  std::string selector;
  crypto::PrivateKey key;
};
using SigningKeys = std::vector<SigningKey>;

/// What an administrator is told of a key; its private part is never among it.
struct DomainKey {
  std::string selector;
  crypto::KeyKind kind = crypto::KeyKind::rsa;
  unsigned bits = 0;
  Wall created{};
  Wall signs_from{};
  bool signs = false;       // now
  std::string record_name;  // "SELECTOR._domainkey.DOMAIN", in A-labels
  std::string record;       // the TXT record to publish there, RFC 6376 §3.6.1
};

class Keyring {
 public:
  virtual ~Keyring() = default;
  /// Those that sign for `domain`, in any spelling, now: the newest of each kind whose time has
  /// come. Empty: none, or the domain is not ours. Cached; any executor.
  virtual Task<Result<std::shared_ptr<const SigningKeys>>> signing_keys(std::string domain,
                                                                        rt::Instant deadline) = 0;
  // Administration.  not_found: no such domain, or key   over_limit: too many keys; remove some
  virtual Task<Result<std::vector<DomainKey>>> keys(std::string domain) = 0;
  /// A new pair, RSA-2048 and Ed25519, that signs once `after` has passed: until then its records
  /// can be published. The first pair of a domain signs at once. Returns all keys.
  virtual Task<Result<std::vector<DomainKey>>> rotate(std::string domain,
                                                      std::chrono::seconds after) = 0;
  virtual Task<Result<Done>> remove(std::string domain, std::string selector) = 0;
};

class StoredKeyring final : public Keyring {
 public:
  StoredKeyring(Rows& rows, rt::World& world, Note note)
      : rows_(rows), world_(world), note_(std::move(note)) {}

  Task<Result<std::shared_ptr<const SigningKeys>>> signing_keys(std::string domain,
                                                                rt::Instant deadline) override;
  Task<Result<std::vector<DomainKey>>> keys(std::string domain) override;
  Task<Result<std::vector<DomainKey>>> rotate(std::string domain,
                                              std::chrono::seconds after) override;
  Task<Result<Done>> remove(std::string domain, std::string selector) override;

 private:
  struct Loaded {
    SigningKey key;
    Wall created{}, signs_from{};
  };
  using LoadedPtr = std::shared_ptr<const std::vector<Loaded>>;
  Task<Result<LoadedPtr>> load(std::string domain, rt::Instant deadline);
  static std::vector<const Loaded*> signing(const std::vector<Loaded>& all, Wall now);
  Task<Result<std::string>> own_domain(std::string name, rt::Instant deadline);
  Task<Result<std::vector<DomainKey>>> told(std::string domain, rt::Instant deadline);
  void changed(std::string why);
  rt::Instant deadline() const;

  Rows& rows_;
  rt::World& world_;
  const Note note_;
  GenerationCache<LoadedPtr> cache_{kKeyringEntriesMax};
  Turnstile turns_{1, kKeyChangesWaitingMax};
};

}  // namespace ph::identity
