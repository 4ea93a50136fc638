// The rows of identity in the store: read one, write one on a condition, walk through all.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "identity/records.h"
#include "rt/world.h"
#include "store/store.h"

namespace ph::identity {

template <class T>
struct Stored {
  T value;
  store::Version version;
};
template <class T>
using Found = std::optional<Stored<T>>;  // nullopt: there is no such row

/// An address and its row, as a walk finds it.
struct NamedAddress {
  std::string key;  // directory key
  AddressRow row;
  store::Version version;
};

/// Any executor. A row that is corrupt fails when it is asked for by name, and is logged and left
/// out by a walk.
class Rows {
 public:
  Rows(store::Store& store, rt::World& world) : store_(store), world_(world) {}

  /// In any spelling of the name, names.h; the row says which one is stored, and that is the name
  /// for everything below it.
  Task<Result<Found<DomainRow>>> domain(std::string name, rt::Instant deadline);
  Task<Result<Found<AddressRow>>> address(std::string directory_key, rt::Instant deadline);
  Task<Result<Found<AccountRow>>> account(std::string id, rt::Instant deadline);
  Task<Result<Found<LockRow>>> lock(std::string account_id, rt::Instant deadline);

  /// Ascending ordinal.
  Task<Result<std::vector<DomainRow>>> domains(rt::Instant deadline);
  /// The slots that hold anything: for administration.
  Task<Result<std::vector<store::Partition>>> slots(rt::Instant deadline);
  Task<Result<std::vector<NamedAddress>>> addresses_in(store::Partition slot, rt::Instant deadline);
  Task<Result<std::vector<Stored<AccountRow>>>> accounts_in(store::Partition slot,
                                                            rt::Instant deadline);

  // Writes: `was` nullopt: the row must not exist; else it must still have this version. conflict
  // otherwise, and nothing is done.
  using Was = std::optional<store::Version>;
  Task<Result<Done>> put(DomainRow row, Was was, rt::Instant deadline);
  Task<Result<Done>> put(std::string directory_key, AddressRow row, Was was, rt::Instant deadline);
  Task<Result<Done>> put(AccountRow row, Was was, rt::Instant deadline);
  Task<Result<Done>> erase_domain(std::string name, store::Version was, rt::Instant deadline);
  Task<Result<Done>> erase_address(std::string directory_key, store::Version was,
                                   rt::Instant deadline);
  Task<Result<Done>> erase_account(std::string id, store::Version was, rt::Instant deadline);
  /// Of the domain that is stored under this name; all in one row.
  Task<Result<Found<KeyRow>>> keys(std::string domain, rt::Instant deadline);
  Task<Result<Done>> put_keys(std::string domain, KeyRow row, Was was, rt::Instant deadline);
  Task<Result<Done>> erase_keys(std::string domain, rt::Instant deadline);
  /// Whatever was there before.
  Task<Result<Done>> put_lock(std::string account_id, LockRow row, rt::Instant deadline);
  Task<Result<Done>> erase_lock(std::string account_id, rt::Instant deadline);

 private:
  Result<store::Opt> within(rt::Instant deadline) const;
  Task<Result<std::optional<store::Record>>> get(store::Partition partition, std::string key,
                                                 rt::Instant deadline);
  Task<Result<std::vector<store::Record>>> scan(store::Partition partition, std::string_view prefix,
                                                rt::Instant deadline);
  Task<Result<Done>> commit(store::Partition partition, store::Batch batch, rt::Instant deadline);

  store::Store& store_;
  rt::World& world_;
};

}  // namespace ph::identity
