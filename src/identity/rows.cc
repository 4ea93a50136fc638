#include "identity/rows.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/ascii.h"
#include "codec/idna.h"

namespace ph::identity {

namespace {

std::string key_of(std::string_view prefix, std::string_view name) {
  std::string key(prefix);
  key += name;
  return key;
}

/// One put or delete of `key` on the condition `was`.
store::Batch write_if(std::string key, std::optional<std::string> value, Rows::Was was) {
  store::Batch batch;
  using What = store::Check::What;
  batch.checks.push_back({key, was ? What::version : What::absent, was.value_or(store::Version{})});
  batch.puts.push_back({std::move(key), std::move(value)});
  return batch;
}

template <class Row, class Parse>
Result<Found<Row>> parsed(Result<std::optional<store::Record>> record, Parse parse) {
  if (!record) return std::unexpected(std::move(record).error());
  if (!*record) return Found<Row>();
  PH_TRY(Row row, parse((*record)->value));
  return Found<Row>({std::move(row), (*record)->version});
}

}  // namespace

Result<store::Opt> Rows::within(rt::Instant deadline) const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - world_.clock.now());
  if (left.count() <= 0) return fail(Kind::timed_out, "no time left for the directory");
  store::Opt opt;
  opt.deadline = left;
  return opt;
}

Task<Result<std::optional<store::Record>>> Rows::get(store::Partition partition, std::string key,
                                                     rt::Instant deadline) {
  PH_CO_TRY(const store::Opt opt, within(deadline));
  std::vector<std::string> keys;
  keys.push_back(std::move(key));
  auto records = co_await store_.get(std::move(partition), std::move(keys), opt);
  if (!records) co_return std::unexpected(std::move(records).error());
  if (records->empty()) co_return std::nullopt;
  co_return std::move(records->front());
}

Task<Result<std::vector<store::Record>>> Rows::scan(store::Partition partition,
                                                    std::string_view prefix, rt::Instant deadline) {
  store::Range range{std::string(prefix), std::string(prefix)};
  ++range.end.back();  // prefixes end in '/': the next octet ends the range
  std::vector<store::Record> all;
  for (;;) {
    PH_CO_TRY(const store::Opt opt, within(deadline));
    auto page = co_await store_.scan(partition, range, store::Limits::page_keys, opt);
    if (!page) co_return std::unexpected(std::move(page).error());
    std::ranges::move(page->records, std::back_inserter(all));
    if (!page->next) co_return all;
    range.begin = *std::move(page->next);
  }
}

Task<Result<Done>> Rows::commit(store::Partition partition, store::Batch batch,
                                rt::Instant deadline) {
  PH_CO_TRY(const store::Opt opt, within(deadline));
  auto committed = co_await store_.commit(std::move(partition), std::move(batch), opt);
  if (!committed) co_return std::unexpected(std::move(committed).error());
  co_return Done{};
}

Task<Result<Found<DomainRow>>> Rows::domain(std::string name, rt::Instant deadline) {
  name = ascii_lower(std::string_view(name));
  auto record = co_await get(std::string(kDomainsPartition), key_of(kDomainPrefix, name), deadline);
  if (!record || *record || !codec::is_international(name))
    co_return parsed<DomainRow>(std::move(record), parse_domain);
  // Rows of earlier versions have names as they were typed: all have to be looked at.
  PH_CO_TRY(const std::vector<DomainRow> rows, co_await domains(deadline));
  const std::string published = codec::dns_spelling(name);
  const auto found = std::ranges::find(
      rows, published, [](const DomainRow& row) { return codec::dns_spelling(row.domain.name); });
  if (found == rows.end()) co_return std::nullopt;
  std::string key = key_of(kDomainPrefix, found->domain.name);
  auto stored = co_await get(std::string(kDomainsPartition), std::move(key), deadline);
  co_return parsed<DomainRow>(std::move(stored), parse_domain);
}

Task<Result<Found<AddressRow>>> Rows::address(std::string directory_key, rt::Instant deadline) {
  auto record =
      co_await get(directory_slot(directory_key), key_of(kAddressPrefix, directory_key), deadline);
  co_return parsed<AddressRow>(std::move(record), parse_address_row);
}

Task<Result<Found<AccountRow>>> Rows::account(std::string id, rt::Instant deadline) {
  auto record = co_await get(directory_slot(id), key_of(kAccountPrefix, id), deadline);
  co_return parsed<AccountRow>(std::move(record), parse_account);
}

Task<Result<Found<LockRow>>> Rows::lock(std::string account_id, rt::Instant deadline) {
  auto record = co_await get(lock_slot(account_id), key_of(kLockPrefix, account_id), deadline);
  co_return parsed<LockRow>(std::move(record), parse_lock);
}

Task<Result<std::vector<DomainRow>>> Rows::domains(rt::Instant deadline) {
  auto records = co_await scan(std::string(kDomainsPartition), kDomainPrefix, deadline);
  if (!records) co_return std::unexpected(std::move(records).error());
  std::vector<DomainRow> rows;
  for (const store::Record& record : *records) {
    auto row = parse_domain(record.value);
    if (row) {
      rows.push_back(*std::move(row));
    } else {
      world_.log.error("identity.domain", row.error());
    }
  }
  std::ranges::sort(rows, {}, &DomainRow::ordinal);
  co_return rows;
}

Task<Result<std::vector<store::Partition>>> Rows::slots(rt::Instant deadline) {
  std::vector<store::Partition> all;
  for (;;) {
    PH_CO_TRY(const store::Opt opt, within(deadline));
    const std::string after = all.empty() ? std::string() : all.back();
    auto some = co_await store_.list("d/", after, kDirectorySlots, opt);
    if (!some) co_return std::unexpected(std::move(some).error());
    if (some->empty()) co_return all;
    std::ranges::move(*some, std::back_inserter(all));
  }
}

Task<Result<std::vector<NamedAddress>>> Rows::addresses_in(store::Partition slot,
                                                           rt::Instant deadline) {
  auto records = co_await scan(std::move(slot), kAddressPrefix, deadline);
  if (!records) co_return std::unexpected(std::move(records).error());
  std::vector<NamedAddress> rows;
  for (const store::Record& record : *records) {
    auto row = parse_address_row(record.value);
    if (row) {
      rows.push_back({record.key.substr(kAddressPrefix.size()), *std::move(row), record.version});
    } else {
      world_.log.error("identity.address", row.error());
    }
  }
  co_return rows;
}

Task<Result<std::vector<Stored<AccountRow>>>> Rows::accounts_in(store::Partition slot,
                                                                rt::Instant deadline) {
  auto records = co_await scan(std::move(slot), kAccountPrefix, deadline);
  if (!records) co_return std::unexpected(std::move(records).error());
  std::vector<Stored<AccountRow>> rows;
  for (const store::Record& record : *records) {
    auto row = parse_account(record.value);
    if (row) {
      rows.push_back({*std::move(row), record.version});
    } else {
      world_.log.error("identity.account", row.error());
    }
  }
  co_return rows;
}

Task<Result<Done>> Rows::put(DomainRow row, Was was, rt::Instant deadline) {
  return commit(std::string(kDomainsPartition),
                write_if(key_of(kDomainPrefix, row.domain.name), format_domain(row), was),
                deadline);
}

Task<Result<Done>> Rows::put(std::string directory_key, AddressRow row, Was was,
                             rt::Instant deadline) {
  return commit(directory_slot(directory_key),
                write_if(key_of(kAddressPrefix, directory_key), format_address(row), was),
                deadline);
}

Task<Result<Done>> Rows::put(AccountRow row, Was was, rt::Instant deadline) {
  return commit(directory_slot(row.account.id),
                write_if(key_of(kAccountPrefix, row.account.id), format_account(row), was),
                deadline);
}

Task<Result<Done>> Rows::erase_domain(std::string name, store::Version was, rt::Instant deadline) {
  return commit(std::string(kDomainsPartition),
                write_if(key_of(kDomainPrefix, name), std::nullopt, was), deadline);
}

Task<Result<Done>> Rows::erase_address(std::string directory_key, store::Version was,
                                       rt::Instant deadline) {
  return commit(directory_slot(directory_key),
                write_if(key_of(kAddressPrefix, directory_key), std::nullopt, was), deadline);
}

Task<Result<Done>> Rows::erase_account(std::string id, store::Version was, rt::Instant deadline) {
  return commit(directory_slot(id), write_if(key_of(kAccountPrefix, id), std::nullopt, was),
                deadline);
}

Task<Result<Found<KeyRow>>> Rows::keys(std::string domain, rt::Instant deadline) {
  auto record = co_await get(std::string(kDomainsPartition), key_of(kKeysPrefix, domain), deadline);
  co_return parsed<KeyRow>(std::move(record), parse_keys);
}

Task<Result<Done>> Rows::put_keys(std::string domain, KeyRow row, Was was, rt::Instant deadline) {
  return commit(std::string(kDomainsPartition),
                write_if(key_of(kKeysPrefix, domain), format_keys(row), std::move(was)), deadline);
}

Task<Result<Done>> Rows::erase_keys(std::string domain, rt::Instant deadline) {
  store::Batch batch;
  batch.puts.push_back({key_of(kKeysPrefix, domain), std::nullopt});
  batch.settle = false;
  return commit(std::string(kDomainsPartition), std::move(batch), deadline);
}

Task<Result<Done>> Rows::put_lock(std::string account_id, LockRow row, rt::Instant deadline) {
  store::Batch batch;
  batch.puts.push_back({key_of(kLockPrefix, account_id), format_lock(row)});
  batch.settle = false;
  return commit(lock_slot(account_id), std::move(batch), deadline);
}

Task<Result<Done>> Rows::erase_lock(std::string account_id, rt::Instant deadline) {
  store::Batch batch;
  batch.puts.push_back({key_of(kLockPrefix, account_id), std::nullopt});
  batch.settle = false;
  return commit(lock_slot(account_id), std::move(batch), deadline);
}

}  // namespace ph::identity
