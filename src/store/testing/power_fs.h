// A disk in memory whose power fails at a chosen operation, for RocksDB to run on.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "store/testing/fake_world.h"

namespace ph::store::testing {

/// What survives a failure:
/// - of a file the octets up to its last sync, then any prefix of what follows, maybe with one bit
///   turned over;
/// - of a folder's entries those of its last sync, and of the creations, renamings and deletions
///   since those up to some point in time: file systems with a journal keep their order, and
///   RocksDB needs them to (its CURRENT is renamed to name a MANIFEST made just before).
/// Every operation that changes something counts as one. Thread-safe.
class PowerFs final : public rocksdb::FileSystem {
 public:
  struct Inode {
    std::string octets;
    std::size_t synced_octets = 0;
  };

  PowerFs() = default;
  /// The disk as `other` has it on stable storage and in memory; power on, no operation counted.
  PowerFs(const PowerFs& other);

  /// The operation after `count` others from now on fails, and all that follow.
  void fail_after(std::uint64_t count) { fails_at_ = operations_ + count; }
  void cut_power() { fails_at_ = 0; }
  bool is_off() const { return operations_ >= fails_at_; }
  std::uint64_t operations() const { return operations_; }
  /// After a power failure: keeps what survived, and goes on from there.
  void restore(rt::Random& random);
  /// Turns one bit over in every file whose name ends in `suffix`, behind `offset`. Returns their
  /// count.
  int damage(std::string_view suffix, std::size_t offset);

  const char* Name() const override { return "PowerFs"; }
  using IO = rocksdb::IOOptions;
  using Debug = rocksdb::IODebugContext;
  using Status = rocksdb::IOStatus;
  Status NewSequentialFile(const std::string& name, const rocksdb::FileOptions&,
                           std::unique_ptr<rocksdb::FSSequentialFile>* file, Debug*) override;
  Status NewRandomAccessFile(const std::string& name, const rocksdb::FileOptions&,
                             std::unique_ptr<rocksdb::FSRandomAccessFile>* file, Debug*) override;
  Status NewWritableFile(const std::string& name, const rocksdb::FileOptions&,
                         std::unique_ptr<rocksdb::FSWritableFile>* file, Debug*) override;
  Status NewDirectory(const std::string& name, const IO&,
                      std::unique_ptr<rocksdb::FSDirectory>* folder, Debug*) override;
  Status FileExists(const std::string& name, const IO&, Debug*) override;
  Status GetChildren(const std::string& folder, const IO&, std::vector<std::string>* names,
                     Debug*) override;
  Status DeleteFile(const std::string& name, const IO&, Debug*) override;
  Status CreateDir(const std::string& name, const IO&, Debug*) override;
  Status CreateDirIfMissing(const std::string& name, const IO&, Debug*) override;
  Status DeleteDir(const std::string& name, const IO&, Debug*) override;
  Status GetFileSize(const std::string& name, const IO&, std::uint64_t* octets, Debug*) override;
  Status GetFileModificationTime(const std::string& name, const IO&, std::uint64_t* time,
                                 Debug*) override;
  Status RenameFile(const std::string& from, const std::string& to, const IO&, Debug*) override;
  Status LockFile(const std::string& name, const IO&, rocksdb::FileLock** lock, Debug*) override;
  Status UnlockFile(rocksdb::FileLock* lock, const IO&, Debug*) override;
  Status GetTestDirectory(const IO&, std::string* path, Debug*) override;
  Status GetAbsolutePath(const std::string& path, const IO&, std::string* absolute,
                         Debug*) override;
  Status IsDirectory(const std::string& path, const IO&, bool* is, Debug*) override;

 private:
  class File;
  class Reader;
  class Folder;
  using Node = std::shared_ptr<Inode>;  // with open files; nullptr: a folder
  struct Change {                       // of folder entries, not yet synced
    std::string folder;
    std::map<std::string, std::optional<Node>> entries;  // nullopt: removed
  };
  Status step();
  Status off() const;
  Node* find(const std::string& name);
  void change(Change change);
  void sync_folder(const std::string& folder);

  mutable std::mutex mutex_;
  std::map<std::string, Node> entries_, durable_entries_;
  std::deque<Change> changes_;
  std::uint64_t operations_ = 0, fails_at_ = ~std::uint64_t{0};
};

/// RocksDB's background jobs wait until the test runs them, so that every run of a test meets the
/// same operations in the same order. Once the power is off they go to real threads: then nothing
/// matters any more but that RocksDB can be closed.
class InlineEnv final : public rocksdb::EnvWrapper {
 public:
  explicit InlineEnv(const std::shared_ptr<PowerFs>& fs);
  ~InlineEnv() override;
  /// True if there was one.
  bool run_jobs();
  const char* Name() const override { return "InlineEnv"; }
  void Schedule(void (*job)(void*), void* of, Priority, void* tag, void (*undo)(void*)) override;
  int UnSchedule(void* tag, Priority priority) override;
  unsigned int GetThreadPoolQueueLen(Priority) const override { return 0; }

 private:
  struct Job {
    void (*run)(void*);
    void* of;
    Priority priority;
    void* tag;
    void (*undo)(void*);
  };
  std::unique_ptr<rocksdb::Env> base_;
  std::shared_ptr<PowerFs> fs_;  // with RocksDB's files
  std::mutex mutex_;
  std::deque<Job> jobs_;
};

}  // namespace ph::store::testing
