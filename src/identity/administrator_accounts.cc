// The calls about accounts. An account is two rows: its record, and the address that leads to it.
// The address is written last and erased first, so an account is there exactly while its address
// is.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "identity/administrator.h"
#include "identity/names.h"

namespace ph::identity {

namespace {

/// Tries of one change when another process keeps changing the same account.
constexpr int kCommitTriesMax = 4;
/// An account row without an address is left alone this long: its other half may be on the way.
constexpr std::chrono::hours kOrphanAgeMin{24};

std::string_view to_string(AccountState state) {
  switch (state) {
    case AccountState::active: return "active";
    case AccountState::disabled: return "disabled";
    case AccountState::locked: return "locked";
  }
  std::unreachable();
}

}  // namespace

Task<Result<Stored<AccountRow>>> Administrator::existing_account(std::string directory_key,
                                                                 rt::Instant deadline) {
  PH_CO_TRY(const Found<AddressRow> address, co_await rows_.address(directory_key, deadline));
  if (!address) co_return fail(Kind::not_found, "no such account", std::move(directory_key));
  if (address->value.account.empty())
    co_return fail(Kind::not_found, "no such account: it is an alias", std::move(directory_key));
  PH_CO_TRY(Found<AccountRow> row, co_await rows_.account(address->value.account, deadline));
  if (!row) co_return fail(Kind::corrupt, "an address leads to no account", directory_key);
  co_return *std::move(row);
}

/// Names the account as its domain's first, if the domain has none that is there.
Task<Result<Done>> Administrator::make_postmaster(std::string domain, std::string account_id,
                                                  rt::Instant deadline) {
  PH_CO_TRY(Stored<DomainRow> row, co_await existing_domain(std::move(domain), deadline));
  if (!row.value.first_account.empty()) {
    PH_CO_TRY(const Found<AccountRow> first,
              co_await directory_.live_account(row.value.first_account, deadline));
    if (first) co_return Done{};
  }
  row.value.first_account = std::move(account_id);
  co_return co_await rows_.put(std::move(row.value), row.version, deadline);
}

/// Before an account goes: its domain's oldest other account takes the mail for postmaster.
Task<Result<Done>> Administrator::hand_postmaster_on(Account leaving, rt::Instant deadline) {
  const std::string domain = leaving.address.domain;
  PH_CO_TRY(Stored<DomainRow> row, co_await existing_domain(domain, deadline));
  if (row.value.first_account != leaving.id) co_return Done{};
  PH_CO_TRY(const std::vector<Account> all, co_await live_accounts(domain, deadline));
  const Account* heir = nullptr;
  for (const Account& account : all) {
    if (account.id == leaving.id) continue;
    if (heir == nullptr ||
        std::tie(account.created, account.id) < std::tie(heir->created, heir->id))
      heir = &account;
  }
  // Nobody else: the name stays until its account is gone, and means nothing from then on.
  if (heir == nullptr) co_return Done{};
  row.value.first_account = heir->id;
  co_return co_await rows_.put(std::move(row.value), row.version, deadline);
}

Task<Result<Account>> Administrator::add_account(std::string address, std::string password) {
  const WipeView wiped(password);
  const rt::Instant until = deadline();
  AccountRow row;
  PH_CO_TRY(row.account.address, mailbox_address(address));
  PH_CO_TRY([[maybe_unused]] const Turnstile::Turn turn, co_await turns_.enter());
  PH_CO_TRY(const auto exists, co_await existing_domain(row.account.address.domain, until));
  const std::string domain = exists.value.domain.name;
  row.account.address.domain = domain;
  const std::string key = message::directory_key(row.account.address);
  PH_CO_TRY([[maybe_unused]] const Done is_free, co_await check_free(key, until));
  PH_CO_TRY(row.verifier, co_await hasher_.make(std::move(password), until));
  row.account.id = new_id();
  row.account.created = world_.clock.wall();
  const Account account = row.account;

  // The last of the three is the creation: docs/states/account.md.
  PH_CO_TRY([[maybe_unused]] const Done kept, co_await rows_.put(std::move(row), {}, until));
  PH_CO_TRY([[maybe_unused]] const Done named, co_await make_postmaster(domain, account.id, until));
  AddressRow leads;
  leads.account = account.id;
  leads.created = account.created;
  PH_CO_TRY([[maybe_unused]] const Done there,
            co_await rows_.put(key, std::move(leads), {}, until));
  changed(message::to_string(account.address), fmt::format("account {} added", account.id));
  co_return account;
}

/// The three steps of add_account backwards. Leaves the caches to the caller.
Task<Result<Done>> Administrator::erase_account(std::string directory_key, rt::Instant deadline) {
  PH_CO_TRY(const Stored<AccountRow> row, co_await existing_account(directory_key, deadline));
  const Account account = row.value.account;
  PH_CO_TRY([[maybe_unused]] const Done handed, co_await hand_postmaster_on(account, deadline));
  PH_CO_TRY(const Found<AddressRow> leads, co_await rows_.address(directory_key, deadline));
  if (!leads || leads->value.account != account.id)
    co_return fail(Kind::conflict, "the account is being changed elsewhere", directory_key);
  PH_CO_TRY([[maybe_unused]] const Done unnamed,
            co_await rows_.erase_address(directory_key, leads->version, deadline));
  directory_.forget();
  PH_CO_TRY([[maybe_unused]] const Done gone,
            co_await rows_.erase_account(account.id, row.version, deadline));
  co_return co_await authenticator_.renew(account, deadline);
}

Task<Result<Done>> Administrator::remove_account(std::string address) {
  const rt::Instant until = deadline();
  PH_CO_TRY(const message::Address at, co_await stored_address(address, until));
  PH_CO_TRY([[maybe_unused]] const Turnstile::Turn turn, co_await turns_.enter());
  auto erased = co_await erase_account(message::directory_key(at), until);
  if (!erased) {
    directory_.forget();  // it may have gone half the way
    authenticator_.forget();
    co_return erased;
  }
  changed(message::to_string(at), "account removed");
  co_return Done{};
}

Task<Result<std::vector<Account>>> Administrator::live_accounts(std::string domain_or_empty,
                                                                rt::Instant deadline) {
  PH_CO_TRY(const std::vector<NamedAddress> found,
            co_await addresses(std::move(domain_or_empty), deadline));
  std::vector<Account> out;
  for (const NamedAddress& address : found) {
    if (address.row.account.empty()) continue;
    auto row = co_await rows_.account(address.row.account, deadline);
    if (!row && row.error().kind == Kind::corrupt) {
      world_.log.error("identity.account", row.error());
      continue;  // the others are still there
    }
    if (!row) co_return std::unexpected(std::move(row).error());
    if (*row) out.push_back(std::move((*row)->value.account));
  }
  co_return out;
}

Task<Result<std::vector<Account>>> Administrator::accounts(std::string domain_or_empty) {
  const rt::Instant until = deadline();
  if (!domain_or_empty.empty()) {
    PH_CO_TRY(domain_or_empty, domain_name(domain_or_empty));
    PH_CO_TRY(const auto domain, co_await existing_domain(domain_or_empty, until));
    domain_or_empty = domain.value.domain.name;
  }
  co_return co_await live_accounts(std::move(domain_or_empty), until);
}

Task<Result<Account>> Administrator::show_account(std::string address) {
  const rt::Instant until = deadline();
  PH_CO_TRY(const message::Address at, co_await stored_address(std::move(address), until));
  PH_CO_TRY(Stored<AccountRow> row, co_await existing_account(message::directory_key(at), until));
  co_return std::move(row.value.account);
}

Task<Result<Account>> Administrator::change_account(std::string address, Change change,
                                                    rt::Instant deadline) {
  PH_CO_TRY(const message::Address at, co_await stored_address(std::move(address), deadline));
  const std::string key = message::directory_key(at);
  for (int tries = 1;; ++tries) {
    PH_CO_TRY(Stored<AccountRow> row, co_await existing_account(key, deadline));
    change(row.value);
    Account account = row.value.account;
    auto put = co_await rows_.put(std::move(row.value), row.version, deadline);
    if (put) co_return account;
    if (put.error().kind != Kind::conflict || tries == kCommitTriesMax)
      co_return std::unexpected(std::move(put).error());
  }
}

/// Runs one change of an account as an administrative call.
Task<Result<Done>> Administrator::change_and_note(std::string address, Change change,
                                                  std::string why) {
  const rt::Instant until = deadline();
  PH_CO_TRY([[maybe_unused]] const Turnstile::Turn turn, co_await turns_.enter());
  auto account = co_await change_account(std::move(address), std::move(change), until);
  directory_.forget();
  authenticator_.forget();
  if (!account) co_return std::unexpected(std::move(account).error());
  changed(message::to_string(account->address), std::move(why));
  co_return Done{};
}

Task<Result<Done>> Administrator::set_password(std::string address, std::string password) {
  const WipeView wiped(password);
  const rt::Instant until = deadline();
  PH_CO_TRY([[maybe_unused]] const Turnstile::Turn turn, co_await turns_.enter());
  PH_CO_TRY(const crypto::Verifier verifier, co_await hasher_.make(std::move(password), until));
  auto account = co_await change_account(
      std::move(address), [&verifier](AccountRow& row) { row.verifier = verifier; }, until);
  authenticator_.forget();  // also when it is not known whether it was changed
  if (!account) co_return std::unexpected(std::move(account).error());
  PH_CO_TRY([[maybe_unused]] const Done renewed, co_await authenticator_.renew(*account, until));
  changed(message::to_string(account->address), "password set");
  co_return Done{};
}

Task<Result<Done>> Administrator::set_state(std::string address, AccountState state) {
  auto set = co_await change_and_note(
      address, [state](AccountRow& row) { row.account.state = state; },
      fmt::format("account state set to {}", to_string(state)));
  if (!set || state != AccountState::active) co_return set;
  // Whoever makes an account active again wants its owner in, wrong passwords or not.
  PH_CO_TRY(const Account account, co_await show_account(std::move(address)));
  co_return co_await authenticator_.renew(account, deadline());
}

Task<Result<Done>> Administrator::set_quota(std::string address,
                                            std::optional<std::uint64_t> octets) {
  return change_and_note(
      std::move(address), [octets](AccountRow& row) { row.account.quota_octets = octets; },
      octets ? fmt::format("quota set to {} octets", *octets) : "quota taken off");
}

Task<Result<Done>> Administrator::move_account(std::string address, std::string to_or_empty,
                                               bool forward) {
  if (to_or_empty.empty())
    co_return co_await change_and_note(
        std::move(address),
        [](AccountRow& row) {
          row.account.moved_to.reset();
          row.account.forward = false;
        },
        "account has not moved any more");
  const rt::Instant until = deadline();
  PH_CO_TRY(const message::Address to, co_await stored_address(std::move(to_or_empty), until));
  PH_CO_TRY(const message::Address from, co_await stored_address(address, until));
  if (message::directory_key(from) == message::directory_key(to))
    co_return fail(Kind::refused, "an account cannot move to its own address");
  co_return co_await change_and_note(
      std::move(address),
      [to, forward](AccountRow& row) {
        row.account.moved_to = to;
        row.account.forward = forward;
      },
      fmt::format("account moved to {}, {}", message::to_string(to),
                  forward ? "mail is forwarded" : "mail is not forwarded"));
}

Task<Result<std::uint64_t>> Administrator::sweep() {
  const rt::Instant until = deadline();
  PH_CO_TRY([[maybe_unused]] const Turnstile::Turn turn, co_await turns_.enter());
  PH_CO_TRY(const std::vector<store::Partition> slots, co_await rows_.slots(until));
  std::uint64_t swept = 0;
  for (const store::Partition& slot : slots) {
    PH_CO_TRY(const auto accounts, co_await rows_.accounts_in(slot, until));
    for (const Stored<AccountRow>& row : accounts) {
      const Account& account = row.value.account;
      if (world_.clock.wall() - account.created < kOrphanAgeMin) continue;
      PH_CO_TRY(const Found<AccountRow> live, co_await directory_.live_account(account.id, until));
      if (live) continue;
      PH_CO_TRY([[maybe_unused]] const Done gone,
                co_await rows_.erase_account(account.id, row.version, until));
      ++swept;
    }
  }
  co_return swept;
}

}  // namespace ph::identity
