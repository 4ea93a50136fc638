// The rows of identity as values and as stored records, and where they lie.
// docs/formats/identity.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/password.h"
#include "identity/port.h"
#include "store/store.h"

namespace ph::identity {

/// Slots of d/ and p/; part of the format, for ever.
inline constexpr unsigned kDirectorySlots = 4096;

/// "d/3af": where the rows named `name` (an account id, a directory key) lie.
store::Partition directory_slot(std::string_view name);
/// "p/3af": where the lock of account `id` lies.
store::Partition lock_slot(std::string_view id);
/// All domains lie in this one slot, so that a domain comes and goes in one commit.
inline constexpr std::string_view kDomainsPartition = "d/000";

inline constexpr std::string_view kDomainPrefix = "domain/";
inline constexpr std::string_view kAddressPrefix = "address/";
inline constexpr std::string_view kAccountPrefix = "account/";
inline constexpr std::string_view kLockPrefix = "lock/";
/// In kDomainsPartition: all keys of a domain, in one row.
inline constexpr std::string_view kKeysPrefix = "dkim/";

struct DomainRow {
  Domain domain;
  std::uint64_t ordinal = 0;  // ascending in order of creation; the least is the first domain
  std::string first_account;  // id; "" or of an account that is gone: there is none
};

/// What an address leads to: one account, or an alias's targets.
struct AddressRow {
  std::string account;                    // id; "" for an alias
  std::vector<message::Address> targets;  // empty for an account
  Wall created{};
};

struct AccountRow {
  Account account;
  crypto::Verifier verifier;
};

/// The keys that sign in a domain's name, oldest first.
struct KeyRow {
  struct Key {
    std::string selector;
    std::string pem;  // PKCS #8, in clear text
    Wall created{};
    Wall signs_from{};
  };
  std::vector<Key> keys;
};

/// Too many wrong passwords; outlives a restart.
struct LockRow {
  Wall until{};
};

std::string format_domain(const DomainRow& row);
Result<DomainRow> parse_domain(std::string_view octets);  // corrupt
std::string format_address(const AddressRow& row);
Result<AddressRow> parse_address_row(std::string_view octets);  // corrupt
std::string format_account(const AccountRow& row);
Result<AccountRow> parse_account(std::string_view octets);  // corrupt
std::string format_keys(const KeyRow& row);
Result<KeyRow> parse_keys(std::string_view octets);  // corrupt
std::string format_lock(const LockRow& row);
Result<LockRow> parse_lock(std::string_view octets);  // corrupt

}  // namespace ph::identity
