// `file:DIR`: the embedded store, RocksDB behind one committer thread (docs/formats/store.md).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

#include "store/committer.h"
#include "store/database.h"
#include "store/engine.h"
#include "store/pending_blobs.h"
#include "store/space.h"

namespace ph::store {

struct FileSetup {
  DatabaseSetup database;
  std::uint64_t reserve_octets = Space::kReserveOctets;
  bool runs_inline = false;  // tests: no thread, run_group() moves it on
  /// The disk failed. Default: say so and end the process with status 74, so that recovery decides
  /// what was written. One that returns leaves an engine that never answers a write again.
  std::function<void(const Error&)> fatal;
};

/// Thread-safe. A commit is never `unknown` here: it is acknowledged, or the process ends.
///
/// Order is what makes one sync enough for a message: blob chunks, seals, links and commits go
/// through one queue into one write-ahead log, in the order in which they were called, and only
/// commits sync. So a seal may return when it is queued, and is on disk before the commit that
/// refers to it. Opt::deadline is met while a commit is queued (`timed_out`); Opt::prio has no
/// effect yet.
class FileEngine final : public LocalEngine {
 public:
  static constexpr std::size_t kChunkOctetsMax = 256 << 10;
  static constexpr std::size_t kChunkOctetsMin = 16 << 10;
  /// Octets that open writers hold together before they write chunks under kChunkOctetsMax.
  static constexpr std::uint64_t kBufferedOctetsMax = 32 << 20;
  static constexpr std::size_t kWritersMax = 16384;
  /// Reads up to this are tried without leaving the caller's thread, from memory only.
  static constexpr std::size_t kInlineReadOctetsMax = 1 << 20;
  static constexpr std::size_t kDropKeysMax = 1000;   // of one group
  static constexpr std::size_t kSweepBlobsMax = 256;  // looked at before others get their turn

  /// As store::open().
  static Result<std::unique_ptr<FileEngine>> open(FileSetup setup, rt::World& world);
  ~FileEngine() override { close(); }

  Task<Result<std::vector<Record>>> get(Partition partition, std::vector<std::string> keys,
                                        Opt opt) override;
  Task<Result<Page>> scan(Partition partition, Range range, std::size_t keys_max, Opt opt) override;
  Task<Result<Committed>> commit(Partition partition, Batch batch, Opt opt) override;
  Task<Result<Done>> drop(Partition partition, std::optional<Fence> fence, Opt opt) override;
  Task<Result<std::vector<Partition>>> list(std::string prefix, std::string after, std::size_t max,
                                            Opt opt) override;
  Result<std::unique_ptr<BlobWriter>> blob(std::optional<std::uint64_t> octets, Opt opt) override;
  Task<Result<std::string>> read(BlobId id, std::uint64_t offset, std::size_t octets,
                                 Opt opt) override;
  Task<Result<BlobInfo>> stat(BlobId id, Opt opt) override;
  Task<Result<Done>> link(BlobId id, std::string holder, Opt opt) override;
  Task<Result<Done>> unlink(BlobId id, std::string holder, Opt opt) override;
  Task<Result<std::uint64_t>> sweep(std::uint32_t day, Alive alive, Opt opt) override;
  Task<Result<Done>> sync() override;
  bool has_room(std::uint64_t octets) override { return space_.has_room(octets); }
  void close() override;

  /// With FileSetup::runs_inline: one group; false: nothing was queued.
  bool run_group() { return committer_->run_group(); }

 private:
  class Writer;
  FileEngine(rt::World& world, std::unique_ptr<Database> database, std::uint64_t incarnation,
             FileSetup setup);

  /// Reads from memory on this thread, else from disk on a worker's.
  ///   read(const Database&, const PendingBlobs&, Depth) -> Found<T>
  template <class T, class Read>
  Task<Result<T>> look(Read read, bool try_memory = true);
  /// Submits a work W made of `args` and waits until it is finished.
  template <class W, class... Args>
  Task<Result<typename W::Value>> submit(Args... args);
  bool is_open(const BlobId& id) const;

  // With reads that are under way on a worker's thread.
  std::shared_ptr<Database> database_;
  std::shared_ptr<PendingBlobs> pending_;
  Space space_;
  std::unique_ptr<Committer> committer_;
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> buffered_octets_{0};
  mutable std::mutex open_mutex_;
  std::unordered_set<BlobId> open_;  // being written: not garbage yet
};

}  // namespace ph::store
