// Rows in one engine, blobs in another.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "store/engine.h"

namespace ph::store {

/// A commit of the rows' engine cannot make the other's blobs durable, so here a seal or link
/// returns only when it is on disk: two syncs for a message instead of one. A lost unlink is the
/// sweep's.
class SplitEngine final : public Engine {
 public:
  SplitEngine(std::unique_ptr<Engine> rows, std::unique_ptr<Engine> blobs)
      : rows_(std::move(rows)), blobs_(std::move(blobs)) {}

  Task<Result<std::vector<Record>>> get(Partition partition, std::vector<std::string> keys,
                                        Opt opt) override {
    return rows_->get(std::move(partition), std::move(keys), opt);
  }
  Task<Result<Page>> scan(Partition partition, Range range, std::size_t keys_max,
                          Opt opt) override {
    return rows_->scan(std::move(partition), std::move(range), keys_max, opt);
  }
  Task<Result<Committed>> commit(Partition partition, Batch batch, Opt opt) override {
    return rows_->commit(std::move(partition), std::move(batch), opt);
  }
  Task<Result<Done>> settle(Ticket ticket, Opt opt) override {
    return rows_->settle(std::move(ticket), opt);
  }
  Task<Result<Done>> drop(Partition partition, std::optional<Fence> fence, Opt opt) override {
    return rows_->drop(std::move(partition), std::move(fence), opt);
  }
  Task<Result<std::vector<Partition>>> list(std::string prefix, std::string after, std::size_t max,
                                            Opt opt) override {
    return rows_->list(std::move(prefix), std::move(after), max, opt);
  }
  std::unique_ptr<Watch> watch(Partition partition, rt::Executor executor,
                               std::function<void(Ring)> ring) override {
    return rows_->watch(std::move(partition), std::move(executor), std::move(ring));
  }
  std::chrono::milliseconds poll_every() const override { return rows_->poll_every(); }
  Task<Result<std::unique_ptr<Lease>>> acquire(Partition partition, std::string name,
                                               std::string owner,
                                               std::chrono::milliseconds ttl) override {
    return rows_->acquire(std::move(partition), std::move(name), std::move(owner), ttl);
  }

  Result<std::unique_ptr<BlobWriter>> blob(std::optional<std::uint64_t> octets, Opt opt) override;
  Task<Result<std::string>> read(BlobId id, std::uint64_t offset, std::size_t octets,
                                 Opt opt) override {
    return blobs_->read(std::move(id), offset, octets, opt);
  }
  Task<Result<BlobInfo>> stat(BlobId id, Opt opt) override {
    return blobs_->stat(std::move(id), opt);
  }
  Task<Result<Done>> link(BlobId id, std::string holder, Opt opt) override;
  Task<Result<Done>> unlink(BlobId id, std::string holder, Opt opt) override;
  Task<Result<std::uint64_t>> sweep(std::uint32_t day, Alive alive, Opt opt) override {
    return blobs_->sweep(day, std::move(alive), opt);
  }
  Task<Result<Done>> sync() override { return blobs_->sync(); }
  bool has_room(std::uint64_t octets) override {
    return rows_->has_room(0) && blobs_->has_room(octets);
  }
  void close() override {
    rows_->close();
    blobs_->close();
  }

 private:
  class Writer;
  std::unique_ptr<Engine> rows_, blobs_;
};

}  // namespace ph::store
