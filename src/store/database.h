// RocksDB as this room uses it: four column families, our options, our errors. The only files that
// include its headers are this one's and the committer's.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rt/log.h"
#include "store/layout.h"
#include "store/store.h"

namespace ph::store {

/// How much a read may do: only what needs no disk, or everything.
enum class Depth : std::uint8_t { memory, disk };

/// The answer of a read: nullopt means that Depth::memory was not enough.
template <class T>
using Found = Result<std::optional<T>>;

struct DatabaseSetup {
  std::string folder;               // made if missing, with its parents
  rocksdb::Env* env = nullptr;      // nullptr: the system's; outlives the database
  std::size_t memtable_octets = 0;  // of each family; 0: as tuned
  bool deletes_inline = false;      // of files; for an env that runs background jobs later
};

/// Thread-safe. Reads see every written group at once, or nothing of it.
class Database {
 public:
  enum class Family : std::uint8_t { meta, kv, blobs, holders };

  /// Recovers what a crash left, and locks the folder until destroyed.
  ///   refused      another process has it open, or the system denies access
  ///   corrupt      written by a newer program, or damaged beyond what a crash does
  ///   unavailable  the disk fails or is full
  static Result<std::unique_ptr<Database>> open(DatabaseSetup setup, rt::Log& log);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Its number is stored durably before the call returns. unavailable, corrupt.
  Result<std::uint64_t> next_incarnation();

  /// Existing rows in the order of `keys`. corrupt: one of them is damaged.
  Found<std::vector<Record>> rows(const Partition& partition, const std::vector<std::string>& keys,
                                  Depth depth) const;
  /// One page of a snapshot. A damaged row is left out and logged.
  Found<Page> page(const Partition& partition, const Range& range, std::size_t keys_max,
                   Depth depth) const;
  Result<std::optional<Version>> version_of(const std::string& row_key) const;
  Result<std::vector<Partition>> partitions(const std::string& prefix, const std::string& after,
                                            std::size_t max) const;

  /// One record of any family; nullopt inside: there is none.
  Found<std::optional<std::string>> record(Family family, const std::string& key,
                                           Depth depth) const;
  /// Keys of [from, to) in order, each with its record's octets, until `visit` says false.
  using Visit = std::function<bool(std::string_view key, std::size_t record_octets)>;
  Result<Done> each_key(Family family, const std::string& from, const std::string& to,
                        const Visit& visit) const;

  /// Applies the batch atomically; with `durable`, it and everything before it is on stable
  /// storage. A failure leaves the state of the disk unknown.
  Result<Done> write(rocksdb::WriteBatch& batch, bool durable);
  /// Everything written before is on stable storage. A failure leaves the disk's state unknown.
  Result<Done> sync();
  rocksdb::ColumnFamilyHandle* family(Family family) const {
    return families_[static_cast<std::size_t>(family)];
  }

 private:
  explicit Database(rt::Log& log) : log_(log) {}
  static constexpr std::size_t kFamilies = 4;

  rt::Log& log_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> families_{};
};

}  // namespace ph::store
