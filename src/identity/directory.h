// The directory as the other rooms see it: rows of the store behind bounded caches.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "identity/generation_cache.h"
#include "identity/identity.h"
#include "identity/rows.h"

namespace ph::identity {

/// All domains as they were at one moment. Immutable.
struct DomainTable {
  /// The domain in any spelling, names.h; nullptr: not ours. Its row has the name that the keys of
  /// its addresses have.
  const DomainRow* find(const std::string& name) const;

  std::unordered_map<std::string, DomainRow> rows;
  std::map<std::string, std::string>
      spelt;          // of those with several: codec::dns_spelling(), the oldest row's
  std::string first;  // "" while there is none
  rt::Instant loaded;
};
/// Shared by the directory, until it loads a newer one, and the lookups that began before.
using DomainTablePtr = std::shared_ptr<const DomainTable>;

class CachedDirectory final : public Directory {
 public:
  CachedDirectory(Rows& rows, rt::World& world) : rows_(rows), world_(world) {}

  Task<Result<Resolved>> resolve(message::Address address, rt::Instant deadline) override;
  Task<Result<Account>> account(std::string id, rt::Instant deadline) override;
  Task<Result<bool>> owns(std::string account_id, message::Address address,
                          rt::Instant deadline) override;

  Task<Result<DomainTablePtr>> domains(rt::Instant deadline);
  /// The account's row if its address leads to it; nullopt: it is gone, or not yet there.
  Task<Result<Found<AccountRow>>> live_account(std::string id, rt::Instant deadline);
  /// After each change that we made: nothing read before it is answered from now on.
  void forget();

 private:
  /// What `key` alone leads to, without regard to tags and postmaster; nullopt: nothing.
  Task<Result<std::optional<Resolved>>> exactly(message::Address address, rt::Instant deadline);
  Task<Result<Resolved>> look_up(message::Address address, std::string first_account,
                                 rt::Instant deadline);

  Rows& rows_;
  rt::World& world_;
  GenerationCache<Resolved> known_{kResolvedEntriesMax};
  GenerationCache<Done> unknown_{kUnknownEntriesMax};
  GenerationCache<Account> accounts_{kResolvedEntriesMax};

  std::shared_mutex domains_mutex_;
  DomainTablePtr domains_;  // null: load it
  std::uint64_t domains_epoch_ = 0;
  std::atomic<bool> refreshing_ = false;
};

}  // namespace ph::identity
