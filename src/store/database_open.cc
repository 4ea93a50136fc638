// Opening RocksDB: where it lives, how it is tuned, and why.
#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <cstdarg>
#include <cstdio>

#include "store/database.h"

namespace ph::store {
namespace {

// Memory: at most 3 memtables a family (one filled, two being written out) and the cache, about
// 130 MB under load.
constexpr std::size_t kKvMemtableOctets = 8 << 20;
constexpr std::size_t kBlobMemtableOctets = 24 << 20;
constexpr std::size_t kHolderMemtableOctets = 4 << 20;
constexpr std::size_t kMetaMemtableOctets = 64 << 10;
constexpr int kMemtablesMax = 3;
constexpr std::size_t kBlockCacheOctets = 24 << 20;
// A family that is written seldom keeps the log's old files; over this, it is written out. Also
// bounds what an opening after a crash has to read.
constexpr std::uint64_t kLogOctetsMax = 64 << 20;
// Bodies at least as large are kept apart from the sorted tables, so that compaction moves keys
// only.
constexpr std::uint64_t kBodyApartOctetsMin = 2 << 10;
constexpr int kOpenFilesMax = 512;
constexpr int kBackgroundJobsMax = 2;
constexpr int kFilterBitsPerKey = 10;
constexpr int kInfoLineCharsMax = 500;

constexpr std::array<const char*, 4> kFamilyNames{"default", "kv", "blobs", "holders"};

/// RocksDB's own notices go the way of all our log lines; it keeps no file of them.
class InfoLog final : public rocksdb::Logger {
 public:
  explicit InfoLog(rt::Log& log) : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), log_(log) {}
  using Logger::Logv;
  void Logv(const char*, va_list) override {}  // lines without a level are chatter
  void LogHeader(const char*, va_list) override {}
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list values) override {
    if (level < rocksdb::InfoLogLevel::WARN_LEVEL || level == rocksdb::InfoLogLevel::HEADER_LEVEL)
      return;
    std::array<char, kInfoLineCharsMax> line{};
    std::vsnprintf(line.data(), line.size(), format, values);
    const bool bad = level >= rocksdb::InfoLogLevel::ERROR_LEVEL;
    log_.write(bad ? rt::Level::warning : rt::Level::debug, "store: rocksdb",
               {{"text", line.data()}});
  }

 private:
  rt::Log& log_;
};

rocksdb::DBOptions database_options(const DatabaseSetup& setup, rt::Log& log) {
  rocksdb::DBOptions options;
  options.env = setup.env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.info_log = std::make_shared<InfoLog>(log);
  // After a crash the log ends in what was being written: cut short, or with pages that never
  // reached the disk while later ones did. kPointInTimeRecovery stops before the first record that
  // does not verify; nothing from there on was acknowledged, because an acknowledgement follows a
  // sync of all that comes before. kAbsoluteConsistency would refuse to open then,
  // kTolerateCorruptedTailRecords where a later page survived, and kSkipAnyCorruptedRecords would
  // take later records for good.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.avoid_flush_during_recovery = false;  // so that the torn log is not met again
  options.paranoid_checks = true;
  options.max_total_wal_size = kLogOctetsMax;
  options.max_background_jobs = kBackgroundJobsMax;
  options.max_open_files = kOpenFilesMax;
  options.allow_concurrent_memtable_write = false;  // there is one writer
  options.enable_write_thread_adaptive_yield = false;
  options.avoid_unnecessary_blocking_io = !setup.deletes_inline;
  options.skip_stats_update_on_db_open = true;  // opening takes the same time for any size
  options.skip_checking_sst_file_sizes_on_db_open = true;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.max_bgerror_resume_count = 0;  // a failed write ends the process, see the committer
  return options;
}

rocksdb::ColumnFamilyOptions family_options(Database::Family family, const DatabaseSetup& setup,
                                            const rocksdb::BlockBasedTableOptions& table) {
  rocksdb::ColumnFamilyOptions options;
  options.compression = rocksdb::kNoCompression;  // mail is mostly base64 of packed data
  options.max_write_buffer_number = kMemtablesMax;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  switch (family) {
    case Database::Family::meta: options.write_buffer_size = kMetaMemtableOctets; break;
    case Database::Family::kv: options.write_buffer_size = kKvMemtableOctets; break;
    case Database::Family::holders: options.write_buffer_size = kHolderMemtableOctets; break;
    case Database::Family::blobs:
      options.write_buffer_size = kBlobMemtableOctets;
      options.enable_blob_files = true;
      options.min_blob_size = kBodyApartOctetsMin;
      options.enable_blob_garbage_collection = true;
      break;
  }
  if (setup.memtable_octets != 0) options.write_buffer_size = setup.memtable_octets;
  return options;
}

Error error_of(const rocksdb::Status& status, const std::string& folder) {
  const std::string text = status.ToString();
  // RocksDB has no code of its own for this; its lock file is named LOCK, its words are "lock hold
  // by"
  if (status.IsIOError() && (text.contains("LOCK") || text.contains("lock hold by")))
    return fail(Kind::refused,
                "the store is in use by another process: stop it, or use its admin socket", folder)
        .error();
  if (status.IsCorruption() || status.IsInvalidArgument())
    return fail(Kind::corrupt, "the store does not open: restore it from a backup",
                folder + ": " + text)
        .error();
  if (text.contains("Permission denied"))
    return fail(Kind::refused, "the store's folder may not be used by this user",
                folder + ": " + text)
        .error();
  return fail(Kind::unavailable, "the store's folder cannot be used", folder + ": " + text).error();
}

/// Makes what is missing of the path, each folder durable in the one above it.
rocksdb::Status make_folders(rocksdb::Env& env, const std::string& folder) {
  if (env.FileExists(folder + "/CURRENT").ok()) return rocksdb::Status::OK();
  for (std::size_t slash = folder.find('/', 1);; slash = folder.find('/', slash + 1)) {
    const std::string part = folder.substr(0, slash);
    if (slash == std::string::npos || !env.FileExists(part).ok()) {
      rocksdb::Status made = env.CreateDirIfMissing(part);
      if (!made.ok()) return made;
      const auto above = part.rfind('/');
      std::unique_ptr<rocksdb::Directory> parent;
      made =
          env.NewDirectory(above == std::string::npos ? "." : part.substr(0, above + 1), &parent);
      if (made.ok()) made = parent->Fsync();
      if (!made.ok()) return made;
    }
    if (slash == std::string::npos) return rocksdb::Status::OK();
  }
}

/// A family that we do not know was made by a newer program.
Result<Done> check_families(const DatabaseSetup& setup, const rocksdb::DBOptions& options) {
  if (!setup.env->FileExists(setup.folder + "/CURRENT").ok()) return Done{};
  std::vector<std::string> names;
  const auto listed = rocksdb::DB::ListColumnFamilies(options, setup.folder, &names);
  if (!listed.ok()) return std::unexpected(error_of(listed, setup.folder));
  for (const std::string& name : names)
    if (std::ranges::find(kFamilyNames, name) == kFamilyNames.end())
      return fail(Kind::corrupt,
                  "the store was written by a newer Posthouse: use that one, or newer", name);
  return Done{};
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(DatabaseSetup setup, rt::Log& log) {
  if (setup.env == nullptr) setup.env = rocksdb::Env::Default();
  const rocksdb::DBOptions options = database_options(setup, log);
  const auto made = make_folders(*setup.env, setup.folder);
  if (!made.ok()) return std::unexpected(error_of(made, setup.folder));
  PH_TRY([[maybe_unused]] const Done known, check_families(setup, options));

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheOctets);
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kFilterBitsPerKey));
  table.format_version = 5;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (std::size_t i = 0; i < kFamilies; ++i)
    families.emplace_back(kFamilyNames[i], family_options(static_cast<Family>(i), setup, table));

  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const auto opened = rocksdb::DB::Open(options, setup.folder, families, &handles, &db);
  if (!opened.ok()) return std::unexpected(error_of(opened, setup.folder));
  std::unique_ptr<Database> database(new Database(log));
  database->db_.reset(db);
  std::ranges::copy(handles, database->families_.begin());
  return database;
}

Database::~Database() {
  for (rocksdb::ColumnFamilyHandle* handle : families_)
    if (handle != nullptr) db_->DestroyColumnFamilyHandle(handle);
}

Result<std::uint64_t> Database::next_incarnation() {
  const std::string key(kStoreKey);
  PH_TRY(const std::optional<std::optional<std::string>> stored,
         record(Family::meta, key, Depth::disk));
  StoreRecord store;
  if (*stored) {
    PH_TRY(store, parse_store(**stored));
  }
  ++store.incarnation;
  rocksdb::WriteBatch batch;
  batch.Put(family(Family::meta), key, format_store(store));
  PH_TRY([[maybe_unused]] const Done written, write(batch, true));
  return store.incarnation;
}

}  // namespace ph::store
