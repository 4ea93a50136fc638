// The works of the embedded engine: what each call does in its group.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/committer.h"
#include "store/conditions.h"
#include "store/pending_blobs.h"
#include "store/watch_board.h"

namespace ph::store {

/// A work that a coroutine waits for.
template <class T>
class Answered : public Work {
 public:
  using Value = T;
  void wait(rt::Resume<Result<T>> resume) { resume_.emplace(std::move(resume)); }
  rt::Executor executor() const override { return resume_->executor(); }
  void finish() override { resume_->here(std::move(result_)); }
  Ends ends() const override { return Ends::written; }

 protected:
  Result<T> result_ = fail(Kind::cancelled, "not staged");

 private:
  std::optional<rt::Resume<Result<T>>> resume_;
};

class CommitWork final : public Answered<Committed> {
 public:
  CommitWork(WatchBoard* board, Partition partition, Batch batch, Version version,
             rt::Instant deadline);
  void stage(Group& group) override;
  void on_written() override;
  std::size_t octets() const override { return octets_; }

 private:
  struct Row {
    std::string key;
    std::optional<std::string> record;
  };
  WatchBoard* board_;
  Partition partition_;
  std::vector<Check> checks_;
  std::optional<Fence> fence_;
  std::string hint_;
  std::vector<Row> rows_;  // encoded by the caller, so that the committer has less to do
  Version version_;
  rt::Instant deadline_;
  std::size_t octets_;
};

/// Deletes up to `keys_max` rows from the row key `begin` on; the value is where to go on, nullopt
/// at the end. The fence's own row goes last.
class DropWork final : public Answered<std::optional<std::string>> {
 public:
  DropWork(Partition partition, std::optional<Fence> fence, std::string begin, std::size_t keys_max)
      : partition_(std::move(partition)),
        fence_(std::move(fence)),
        begin_(std::move(begin)),
        keys_max_(keys_max) {}
  void stage(Group& group) override { result_ = drop(group); }
  bool alone() const override { return true; }
  std::size_t octets() const override { return begin_.size(); }

 private:
  Result<std::optional<std::string>> drop(Group& group);
  Partition partition_;
  std::optional<Fence> fence_;
  std::string begin_;
  std::size_t keys_max_;
};

class SyncWork final : public Answered<Done> {
 public:
  void stage(Group& group) override {
    group.make_durable();
    result_ = Done{};
  }
  std::size_t octets() const override { return 0; }
};

/// A chunk of a blob, and with the last one its head and first holder. Nobody waits for it.
class BlobWork final : public Work {
 public:
  BlobWork(std::shared_ptr<PendingBlobs> pending, BlobId id)
      : pending_(std::move(pending)), id_(std::move(id)) {}
  void add_chunk(std::string key, PendingBlobs::Chunk body);
  void add_head(const BlobHead& head, std::string holder, std::uint32_t day);
  void stage(Group& group) override;
  void on_written() override;
  Ends ends() const override { return Ends::submitted; }
  std::size_t octets() const override { return (body_ ? body_->size() : 0) + head_.size(); }

 private:
  std::shared_ptr<PendingBlobs> pending_;  // with the engine
  BlobId id_;
  std::string chunk_key_, chunk_prefix_, head_, holder_, holder_record_;
  PendingBlobs::Chunk body_;
};

class LinkWork final : public Answered<Done> {
 public:
  LinkWork(std::shared_ptr<PendingBlobs> pending, BlobId id, std::string holder, std::uint32_t day)
      : pending_(std::move(pending)), id_(std::move(id)), holder_(std::move(holder)), day_(day) {}
  void stage(Group& group) override;
  Ends ends() const override { return Ends::staged; }
  std::size_t octets() const override { return id_.size() + holder_.size(); }

 private:
  std::shared_ptr<PendingBlobs> pending_;  // with the engine
  BlobId id_;
  std::string holder_;
  std::uint32_t day_;
};

class UnlinkWork final : public Work {
 public:
  UnlinkWork(const BlobId& id, const std::string& holder) : key_(holder_key(id, holder)) {}
  void stage(Group& group) override {
    group.batch().Delete(group.database().family(Database::Family::holders), key_);
  }
  Ends ends() const override { return Ends::submitted; }
  std::size_t octets() const override { return key_.size(); }

 private:
  std::string key_;
};

/// Takes dead holders from a blob (those linked again since stay), and the blob itself when it has
/// no other; the value is the octets freed.
class SweepWork final : public Answered<std::uint64_t> {
 public:
  SweepWork(BlobId id, std::vector<std::string> dead, std::uint32_t day)
      : id_(std::move(id)), dead_(std::move(dead)), day_(day) {}
  void stage(Group& group) override { result_ = sweep(group); }
  bool alone() const override { return true; }
  std::size_t octets() const override { return id_.size(); }

 private:
  Result<std::uint64_t> sweep(Group& group);
  Result<std::uint64_t> blob_rows(const Database& database, std::vector<std::string>& rows) const;
  BlobId id_;
  std::vector<std::string> dead_;
  std::uint32_t day_;
};

}  // namespace ph::store
