#include "store/file_work.h"

#include <algorithm>

#include "store/ids.h"

namespace ph::store {

using Family = Database::Family;

CommitWork::CommitWork(WatchBoard* board, Partition partition, Batch batch, Version version,
                       rt::Instant deadline)
    : board_(board),
      partition_(std::move(partition)),
      checks_(std::move(batch.checks)),
      fence_(std::move(batch.fence)),
      hint_(std::move(batch.hint)),
      version_(version),
      deadline_(deadline),
      octets_(octets_of(batch)) {
  rows_.reserve(batch.puts.size());
  for (const Put& put : batch.puts) {
    Row row{row_key(partition_, put.key), std::nullopt};
    if (put.value) row.record = format_row(row.key, version_, *put.value);
    rows_.push_back(std::move(row));
  }
}

void CommitWork::stage(Group& group) {
  if (group.now() >= deadline_) {
    result_ = fail(Kind::timed_out, "the store is too busy");
    return;
  }
  const auto version_of = [&](const std::string& key) {
    return group.version_of(row_key(partition_, key));
  };
  const auto holds = judge(checks_, fence_, version_of);
  if (!holds) {
    result_ = std::unexpected(holds.error());
    return;
  }
  for (const Row& row : rows_) {
    if (row.record) {
      group.put_row(row.key, version_, *row.record);
    } else {
      group.delete_row(row.key);
    }
  }
  if (!rows_.empty()) group.make_durable();
  result_ = Committed{version_, make_ticket(partition_, version_)};
}

void CommitWork::on_written() {
  if (result_ && !hint_.empty()) board_->ring(partition_, hint_);
}

Result<std::optional<std::string>> DropWork::drop(Group& group) {
  const auto version_of = [&](const std::string& key) {
    return group.version_of(row_key(partition_, key));
  };
  PH_TRY([[maybe_unused]] const Done holds, judge({}, fence_, version_of));
  const std::string lease = fence_ ? row_key(partition_, fence_->lease) : "";
  std::vector<std::string> keys;
  std::optional<std::string> next;
  const auto visit = [&](std::string_view key, std::size_t) {
    if (key == lease) return true;
    if (keys.size() == keys_max_) {
      next = std::string(key);
      return false;
    }
    keys.emplace_back(key);
    return true;
  };
  PH_TRY([[maybe_unused]] const Done read,
         group.database().each_key(Family::kv, begin_, partition_end(partition_), visit));
  for (const std::string& key : keys) group.delete_row(key);
  if (!next && fence_) group.delete_row(lease);
  if (!next) group.make_durable();
  return next;
}

void BlobWork::add_chunk(std::string key, PendingBlobs::Chunk body) {
  chunk_prefix_ = format_chunk_prefix(key, *body);
  chunk_key_ = std::move(key);
  body_ = std::move(body);
}

void BlobWork::add_head(const BlobHead& head, std::string holder, std::uint32_t day) {
  head_ = format_head(id_, head);
  holder_ = holder_key(id_, holder);
  holder_record_ = format_holder(day);
}

void BlobWork::stage(Group& group) {
  rocksdb::ColumnFamilyHandle* blobs = group.database().family(Family::blobs);
  if (body_) {
    const rocksdb::Slice key(chunk_key_);
    const std::array<rocksdb::Slice, 2> record{rocksdb::Slice(chunk_prefix_),
                                               rocksdb::Slice(*body_)};
    group.batch().Put(blobs, rocksdb::SliceParts(&key, 1), rocksdb::SliceParts(record.data(), 2));
  }
  if (head_.empty()) return;
  group.batch().Put(blobs, id_, head_);
  group.batch().Put(group.database().family(Family::holders), holder_, holder_record_);
}

void BlobWork::on_written() {
  if (body_) pending_->remove_chunk(chunk_key_);
  if (!head_.empty()) pending_->remove_head(id_);
}

void LinkWork::stage(Group& group) {
  result_ = Done{};
  if (!pending_->head(id_)) {
    const auto head = group.database().record(Family::blobs, id_, Depth::disk);
    if (!head) {
      result_ = std::unexpected(head.error());
    } else if (!**head) {
      result_ = fail(Kind::not_found, "there is no such blob", id_);
    }
  }
  if (result_)
    group.batch().Put(group.database().family(Family::holders), holder_key(id_, holder_),
                      format_holder(day_));
}

Result<std::uint64_t> SweepWork::sweep(Group& group) {
  Database& database = group.database();
  rocksdb::ColumnFamilyHandle* holders = database.family(Family::holders);
  std::vector<std::string> gone;
  for (const std::string& holder : dead_) {
    const std::string key = holder_key(id_, holder);
    PH_TRY(const auto found, database.record(Family::holders, key, Depth::disk));
    if (!*found) continue;
    PH_TRY(const std::uint32_t linked, parse_holder(**found));
    if (linked < day_) gone.push_back(key);
  }
  std::size_t left = 0;
  const auto count = [&](std::string_view, std::size_t) { return ++left <= gone.size(); };
  const std::string id_end = id_ + '\xff';
  PH_TRY([[maybe_unused]] const Done counted,
         database.each_key(Family::holders, id_, id_end, count));

  std::uint64_t freed_octets = 0;
  std::vector<std::string> rows;
  if (left <= gone.size()) {
    PH_TRY(freed_octets, blob_rows(database, rows));
  }
  for (const std::string& row : rows) group.batch().Delete(database.family(Family::blobs), row);
  for (const std::string& key : gone) group.batch().Delete(holders, key);
  return freed_octets;
}

/// The keys of everything that is stored of the blob, and its octets.
Result<std::uint64_t> SweepWork::blob_rows(const Database& database,
                                           std::vector<std::string>& rows) const {
  PH_TRY(const auto octets, database.record(Family::blobs, id_, Depth::disk));
  if (*octets) {
    rows.push_back(id_);
    const auto head = parse_head(id_, **octets);
    for (std::uint32_t i = 0; head && i < head->chunk_octets.size(); ++i)
      rows.push_back(chunk_key(id_, i));
    if (head) return head->info.octets;
  }
  // never sealed, or damaged: what is there is read to be found
  std::uint64_t found_octets = 0;
  const auto add = [&](std::string_view key, std::size_t record_octets) {
    if (key != id_) rows.emplace_back(key);
    found_octets += record_octets;
    return true;
  };
  PH_TRY([[maybe_unused]] const Done read,
         database.each_key(Family::blobs, id_, id_ + '\xff', add));
  return found_octets;
}

}  // namespace ph::store
