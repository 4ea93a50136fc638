#include "identity/directory.h"

#include <mutex>
#include <utility>

#include "base/ascii.h"
#include "codec/idna.h"
#include "identity/names.h"

namespace ph::identity {

namespace {

using What = Resolved::What;

constexpr std::string_view kPostmaster = "postmaster";  // RFC 5321 §4.5.1

Resolved nothing(What what) { return {what, {}, {}}; }

Resolved resolved(Account account) {
  Resolved out{What::account, std::move(account), {}};
  if (out.account.moved_to) {
    out.what = What::moved;
    out.targets.push_back(*out.account.moved_to);
  }
  return out;
}

/// "user" of "user+tag"; "" when there is no tag. RFC 5233 §4.
std::string_view without_tag(std::string_view local) {
  const auto at = local.find(kSubaddressSeparator);
  return at == local.npos ? std::string_view() : local.substr(0, at);
}

}  // namespace

const DomainRow* DomainTable::find(const std::string& name) const {
  auto row = rows.find(name);
  if (row == rows.end() && !spelt.empty()) {
    const auto stored = spelt.find(codec::dns_spelling(name));
    if (stored != spelt.end()) row = rows.find(stored->second);
  }
  return row == rows.end() ? nullptr : &row->second;
}

Task<Result<DomainTablePtr>> CachedDirectory::domains(rt::Instant deadline) {
  DomainTablePtr table;
  std::uint64_t epoch = 0;
  {
    const std::shared_lock lock(domains_mutex_);
    table = domains_;
    epoch = domains_epoch_;
  }
  if (table) {
    if (world_.clock.now() - table->loaded < kDirectoryCacheAge) co_return table;
    if (refreshing_.exchange(true)) co_return table;  // one of us reads the newer one
  }
  auto rows = co_await rows_.domains(deadline);
  if (table) refreshing_ = false;
  if (!rows) {
    if (!table) co_return std::unexpected(std::move(rows).error());
    world_.log.error("identity.domains", rows.error());
    co_return table;  // old, but better than turning all mail away
  }

  auto fresh = std::make_shared<DomainTable>();
  fresh->loaded = world_.clock.now();
  if (!rows->empty()) fresh->first = rows->front().domain.name;
  for (DomainRow& row : *rows) {
    std::string name = row.domain.name;
    if (codec::is_international(name)) fresh->spelt.emplace(codec::dns_spelling(name), name);
    fresh->rows.emplace(std::move(name), std::move(row));
  }
  const std::unique_lock lock(domains_mutex_);
  if (epoch == domains_epoch_) domains_ = fresh;
  co_return fresh;
}

void CachedDirectory::forget() {
  {
    const std::unique_lock lock(domains_mutex_);
    ++domains_epoch_;
    domains_ = nullptr;
  }
  known_.clear();
  unknown_.clear();
  accounts_.clear();
}

Task<Result<Resolved>> CachedDirectory::resolve(message::Address address, rt::Instant deadline) {
  // Both before anything is read: what a change makes stale must not be kept.
  const std::uint64_t known_epoch = known_.epoch();
  const std::uint64_t unknown_epoch = unknown_.epoch();
  PH_CO_TRY(const DomainTablePtr table, co_await domains(deadline));

  if (address.null()) co_return nothing(What::not_local);
  if (address.domain.empty()) {
    if (table->first.empty() || !same_ascii(address.local, kPostmaster))
      co_return nothing(What::unknown_user);
    address.domain = table->first;
  }
  address.domain = ascii_lower(std::string_view(address.domain));
  if (address.domain.ends_with('.')) address.domain.pop_back();
  const DomainRow* const domain = table->find(address.domain);
  if (domain == nullptr) co_return nothing(What::not_local);
  address.domain = domain->domain.name;

  std::string key = message::directory_key(address);
  if (key.size() + kAddressPrefix.size() > store::Limits::key_octets)
    co_return nothing(What::unknown_user);
  const rt::Instant now = world_.clock.now();
  if (auto known = known_.find(key, now)) co_return *std::move(known);
  if (unknown_.find(key, now)) co_return nothing(What::unknown_user);

  PH_CO_TRY(Resolved found, co_await look_up(std::move(address), domain->first_account, deadline));
  const rt::Instant expires = now + kDirectoryCacheAge;
  if (found.what == What::unknown_user) {
    unknown_.put(std::move(key), Done{}, expires, unknown_epoch);
  } else {
    known_.put(std::move(key), found, expires, known_epoch);
  }
  co_return found;
}

Task<Result<Resolved>> CachedDirectory::look_up(message::Address address, std::string first_account,
                                                rt::Instant deadline) {
  PH_CO_TRY(std::optional<Resolved> found, co_await exactly(address, deadline));
  if (found) co_return *std::move(found);

  const std::string user(without_tag(address.local));
  if (!user.empty()) {
    address.local = user;
    PH_CO_TRY(found, co_await exactly(address, deadline));
    if (found) co_return *std::move(found);
  }
  if (same_ascii(address.local, kPostmaster) && !first_account.empty()) {
    PH_CO_TRY(Found<AccountRow> first, co_await live_account(std::move(first_account), deadline));
    if (first) co_return resolved(std::move(first->value.account));
  }
  co_return nothing(What::unknown_user);
}

Task<Result<std::optional<Resolved>>> CachedDirectory::exactly(message::Address address,
                                                               rt::Instant deadline) {
  PH_CO_TRY(Found<AddressRow> row,
            co_await rows_.address(message::directory_key(address), deadline));
  if (!row) co_return std::nullopt;
  AddressRow& leads = row->value;
  if (leads.account.empty()) co_return Resolved{What::alias, {}, std::move(leads.targets)};
  PH_CO_TRY(Found<AccountRow> account, co_await rows_.account(leads.account, deadline));
  if (!account) co_return std::nullopt;  // removed between the two reads
  co_return resolved(std::move(account->value.account));
}

Task<Result<Found<AccountRow>>> CachedDirectory::live_account(std::string id,
                                                              rt::Instant deadline) {
  PH_CO_TRY(Found<AccountRow> account, co_await rows_.account(id, deadline));
  if (!account) co_return std::nullopt;
  const std::string key = message::directory_key(account->value.account.address);
  PH_CO_TRY(const Found<AddressRow> address, co_await rows_.address(key, deadline));
  if (!address || address->value.account != id) co_return std::nullopt;
  co_return account;
}

Task<Result<Account>> CachedDirectory::account(std::string id, rt::Instant deadline) {
  const std::uint64_t epoch = accounts_.epoch();
  const rt::Instant now = world_.clock.now();
  if (auto known = accounts_.find(id, now)) co_return *std::move(known);
  PH_CO_TRY(Found<AccountRow> row, co_await live_account(id, deadline));
  if (!row) co_return fail(Kind::not_found, "no such account", id);
  accounts_.put(std::move(id), row->value.account, now + kDirectoryCacheAge, epoch);
  co_return std::move(row->value.account);
}

Task<Result<bool>> CachedDirectory::owns(std::string account_id, message::Address address,
                                         rt::Instant deadline) {
  for (std::size_t depth = 0; depth <= kOwnsDepthMax; ++depth) {
    PH_CO_TRY(Resolved found, co_await resolve(std::move(address), deadline));
    if (found.what == What::account || found.what == What::moved)
      co_return found.account.id == account_id;
    if (found.what != What::alias || found.targets.size() != 1) co_return false;
    address = std::move(found.targets.front());
  }
  co_return false;
}

}  // namespace ph::identity
