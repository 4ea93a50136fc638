#include "identity/records.h"

#include <fmt/format.h>

#include <utility>

#include "base/hash.h"
#include "base/record.h"

namespace ph::identity {

namespace {

std::string slot(std::string_view folder, std::string_view name) {
  return fmt::format("{}/{:03x}", folder, fnv1a(name) % kDirectorySlots);
}

namespace domain_tag {
enum Tag : std::uint32_t { name = 1, created, ordinal, first_account };
}
namespace address_tag {
// `local` begins a target, `domain` completes it.
enum Tag : std::uint32_t { account = 1, local, domain, created };
}  // namespace address_tag
namespace account_tag {
enum Tag : std::uint32_t {
  id = 1,
  local,
  domain,
  state,
  quota_octets,
  moved_local,
  moved_domain,
  forward,
  created,
  verifier,
};
}
namespace key_tag {
// `selector` begins a key.
enum Tag : std::uint32_t { selector = 1, pem, created, signs_from };
}  // namespace key_tag
namespace lock_tag {
enum Tag : std::uint32_t { until = 1 };
}

message::Address& moved_to(Account& account) {
  if (!account.moved_to) account.moved_to.emplace();
  return *account.moved_to;
}

}  // namespace

store::Partition directory_slot(std::string_view name) { return slot("d", name); }
store::Partition lock_slot(std::string_view id) { return slot("p", id); }

std::string format_domain(const DomainRow& row) {
  return RecordWriter(1)
      .text(domain_tag::name, row.domain.name)
      .signed_number(domain_tag::created, unix_ms(row.domain.created))
      .number(domain_tag::ordinal, row.ordinal)
      .text(domain_tag::first_account, row.first_account)
      .take();
}

Result<DomainRow> parse_domain(std::string_view octets) {
  PH_TRY(RecordReader r, RecordReader::open(octets, 1));
  DomainRow row;
  while (r.next()) {
    switch (r.tag()) {
      case domain_tag::name: row.domain.name = r.text(); break;
      case domain_tag::created: row.domain.created = wall_of(r.signed_number()); break;
      case domain_tag::ordinal: row.ordinal = r.number(); break;
      case domain_tag::first_account: row.first_account = r.text(); break;
      default: break;
    }
  }
  if (r.broken() || row.domain.name.empty())
    return fail(Kind::corrupt, "stored domain cannot be read");
  return row;
}

std::string format_address(const AddressRow& row) {
  RecordWriter w(1);
  if (!row.account.empty()) w.text(address_tag::account, row.account);
  for (const message::Address& target : row.targets)
    w.text(address_tag::local, target.local).text(address_tag::domain, target.domain);
  return w.signed_number(address_tag::created, unix_ms(row.created)).take();
}

Result<AddressRow> parse_address_row(std::string_view octets) {
  PH_TRY(RecordReader r, RecordReader::open(octets, 1));
  AddressRow row;
  bool whole = true;
  while (r.next()) {
    switch (r.tag()) {
      case address_tag::account: row.account = r.text(); break;
      case address_tag::local: row.targets.push_back({std::string(r.text()), {}}); break;
      case address_tag::domain:
        whole = whole && !row.targets.empty();
        if (whole) row.targets.back().domain = r.text();
        break;
      case address_tag::created: row.created = wall_of(r.signed_number()); break;
      default: break;
    }
  }
  if (r.broken() || !whole || row.account.empty() == row.targets.empty())
    return fail(Kind::corrupt, "stored address cannot be read");
  return row;
}

std::string format_account(const AccountRow& row) {
  const Account& a = row.account;
  RecordWriter w(1);
  w.text(account_tag::id, a.id)
      .text(account_tag::local, a.address.local)
      .text(account_tag::domain, a.address.domain)
      .number(account_tag::state, std::to_underlying(a.state));
  if (a.quota_octets) w.number(account_tag::quota_octets, *a.quota_octets);
  if (a.moved_to)
    w.text(account_tag::moved_local, a.moved_to->local)
        .text(account_tag::moved_domain, a.moved_to->domain)
        .number(account_tag::forward, a.forward ? 1 : 0);
  return w.signed_number(account_tag::created, unix_ms(a.created))
      .text(account_tag::verifier, crypto::format_verifier(row.verifier))
      .take();
}

Result<AccountRow> parse_account(std::string_view octets) {
  PH_TRY(RecordReader r, RecordReader::open(octets, 1));
  AccountRow row;
  Account& a = row.account;
  std::uint64_t state = 0;
  std::string verifier;
  while (r.next()) {
    switch (r.tag()) {
      case account_tag::id: a.id = r.text(); break;
      case account_tag::local: a.address.local = r.text(); break;
      case account_tag::domain: a.address.domain = r.text(); break;
      case account_tag::state: state = r.number(); break;
      case account_tag::quota_octets: a.quota_octets = r.number(); break;
      case account_tag::moved_local: moved_to(a).local = r.text(); break;
      case account_tag::moved_domain: moved_to(a).domain = r.text(); break;
      case account_tag::forward: a.forward = r.number() != 0; break;
      case account_tag::created: a.created = wall_of(r.signed_number()); break;
      case account_tag::verifier: verifier = r.text(); break;
      default: break;
    }
  }
  // A state that this program does not know must not let anybody in.
  if (r.broken() || a.id.empty() || a.address.null() ||
      state > std::to_underlying(AccountState::locked))
    return fail(Kind::corrupt, "stored account cannot be read");
  a.state = static_cast<AccountState>(state);
  PH_TRY(row.verifier, crypto::parse_verifier(verifier));
  return row;
}

std::string format_keys(const KeyRow& row) {
  RecordWriter w(1);
  for (const KeyRow::Key& key : row.keys)
    w.text(key_tag::selector, key.selector)
        .text(key_tag::pem, key.pem)
        .signed_number(key_tag::created, unix_ms(key.created))
        .signed_number(key_tag::signs_from, unix_ms(key.signs_from));
  return w.take();
}

Result<KeyRow> parse_keys(std::string_view octets) {
  PH_TRY(RecordReader r, RecordReader::open(octets, 1));
  KeyRow row;
  bool whole = true;
  while (whole && r.next()) {
    if (r.tag() == key_tag::selector) {
      row.keys.push_back({.selector = std::string(r.text())});
      continue;
    }
    whole = !row.keys.empty();
    if (!whole) break;
    KeyRow::Key& key = row.keys.back();
    switch (r.tag()) {
      case key_tag::pem: key.pem = r.text(); break;
      case key_tag::created: key.created = wall_of(r.signed_number()); break;
      case key_tag::signs_from: key.signs_from = wall_of(r.signed_number()); break;
      default: break;
    }
  }
  if (r.broken() || !whole) return fail(Kind::corrupt, "stored keys cannot be read");
  return row;
}

std::string format_lock(const LockRow& row) {
  return RecordWriter(1).signed_number(lock_tag::until, unix_ms(row.until)).take();
}

Result<LockRow> parse_lock(std::string_view octets) {
  PH_TRY(RecordReader r, RecordReader::open(octets, 1));
  LockRow row;
  while (r.next())
    if (r.tag() == lock_tag::until) row.until = wall_of(r.signed_number());
  if (r.broken()) return fail(Kind::corrupt, "stored lock cannot be read");
  return row;
}

}  // namespace ph::identity
