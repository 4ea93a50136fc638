#include "store/database.h"

#include <algorithm>

namespace ph::store {
namespace {

Error error_of(const rocksdb::Status& status) {
  if (status.IsCorruption())
    return fail(Kind::corrupt, "a part of the store is damaged", status.ToString()).error();
  return fail(Kind::unavailable, "the disk fails", status.ToString()).error();
}

rocksdb::ReadOptions read_options(Depth depth) {
  rocksdb::ReadOptions options;
  options.read_tier = depth == Depth::memory ? rocksdb::kBlockCacheTier : rocksdb::kReadAllTier;
  return options;
}

}  // namespace

Found<std::vector<Record>> Database::rows(const Partition& partition,
                                          const std::vector<std::string>& keys, Depth depth) const {
  std::vector<std::string> names;
  for (const std::string& key : keys) names.push_back(row_key(partition, key));
  const std::vector<rocksdb::Slice> slices(names.begin(), names.end());
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> states(keys.size());
  // one family: RocksDB reads all keys at one moment
  db_->MultiGet(read_options(depth), family(Family::kv), keys.size(), slices.data(), values.data(),
                states.data());
  std::vector<Record> records;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (states[i].IsNotFound()) continue;
    if (states[i].IsIncomplete()) return std::nullopt;
    if (!states[i].ok()) return std::unexpected(error_of(states[i]));
    // Without reading the disk, a table that is not open may hold the key: RocksDB then says "ok"
    // and gives no octets. Records are never empty.
    if (depth == Depth::memory && values[i].empty()) return std::nullopt;
    PH_TRY(const RowView row, parse_row(names[i], values[i].ToStringView()));
    records.push_back({keys[i], std::string(row.value), row.version});
  }
  return records;
}

Found<Page> Database::page(const Partition& partition, const Range& range, std::size_t keys_max,
                           Depth depth) const {
  const std::string begin = row_key(partition, range.begin);
  const std::string end =
      range.end.empty() ? partition_end(partition) : row_key(partition, range.end);
  const rocksdb::Slice upper(end);
  rocksdb::ReadOptions options = read_options(depth);
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(options, family(Family::kv)));
  Page page;
  std::size_t octets = 0;
  for (at->Seek(begin); at->Valid(); at->Next()) {
    const std::string_view name = at->key().ToStringView();
    const auto row = parse_row(name, at->value().ToStringView());
    if (!row) {
      log_.error("store: a damaged row is left out of a scan", row.error());
      continue;
    }
    const std::string_view key = split_row_key(name).key;
    octets += key.size() + row->value.size();
    const bool full = page.records.size() == std::min(keys_max, Limits::page_keys) ||
                      (octets > Limits::page_octets && !page.records.empty());
    if (full) {
      page.next = std::string(key);
      return page;
    }
    page.records.push_back({std::string(key), std::string(row->value), row->version});
  }
  if (at->status().IsIncomplete()) return std::nullopt;
  if (!at->status().ok()) return std::unexpected(error_of(at->status()));
  return page;
}

Result<std::optional<Version>> Database::version_of(const std::string& row_key) const {
  PH_TRY(const std::optional<std::optional<std::string>> found,
         record(Family::kv, row_key, Depth::disk));
  if (!*found) return std::nullopt;
  PH_TRY(const RowView row, parse_row(row_key, **found));
  return row.version;
}

Result<std::vector<Partition>> Database::partitions(const std::string& prefix,
                                                    const std::string& after,
                                                    std::size_t max) const {
  const std::unique_ptr<rocksdb::Iterator> at(
      db_->NewIterator(read_options(Depth::disk), family(Family::kv)));
  std::vector<Partition> found;
  for (at->Seek(after < prefix ? prefix : partition_end(after));
       at->Valid() && at->key().starts_with(prefix) && found.size() < max;
       at->Seek(partition_end(found.back())))
    found.emplace_back(split_row_key(at->key().ToStringView()).partition);
  if (!at->status().ok()) return std::unexpected(error_of(at->status()));
  return found;
}

Found<std::optional<std::string>> Database::record(Family which, const std::string& key,
                                                   Depth depth) const {
  std::string octets;
  const auto state = db_->Get(read_options(depth), family(which), key, &octets);
  if (state.IsIncomplete()) return std::nullopt;
  if (state.IsNotFound()) return std::optional<std::optional<std::string>>(std::in_place);
  if (!state.ok()) return std::unexpected(error_of(state));
  if (depth == Depth::memory && octets.empty()) return std::nullopt;  // as in rows()
  return std::optional<std::optional<std::string>>(std::in_place, std::move(octets));
}

Result<Done> Database::each_key(Family which, const std::string& from, const std::string& to,
                                const Visit& visit) const {
  const rocksdb::Slice upper(to);
  rocksdb::ReadOptions options = read_options(Depth::disk);
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(options, family(which)));
  at->Seek(from);
  while (at->Valid() && visit(at->key().ToStringView(), at->value().size())) at->Next();
  if (!at->status().ok()) return std::unexpected(error_of(at->status()));
  return Done{};
}

Result<Done> Database::write(rocksdb::WriteBatch& batch, bool durable) {
  rocksdb::WriteOptions options;
  options.sync = durable;
  const auto state = db_->Write(options, &batch);
  if (!state.ok()) return std::unexpected(error_of(state));
  return Done{};
}

Result<Done> Database::sync() {
  const auto state = db_->SyncWAL();
  if (!state.ok()) return std::unexpected(error_of(state));
  return Done{};
}

}  // namespace ph::store
