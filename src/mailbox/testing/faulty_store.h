// A store that fails at the n-th call, and counts what it is asked to write.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/store.h"

namespace ph::mailbox::testing {

enum class Fault : std::uint8_t {
  unavailable,       // this call fails, nothing is done
  unknown_done,      // this commit is done, its outcome unknown (other calls: unavailable)
  unknown_not_done,  // the same, but it is not done
  conflict,          // this commit is refused as if another writer had won (others: unavailable)
  stop_before,       // this call and all later ones fail: the process has died
  stop_after,        // this call is done, and its answer and all later calls fail
};

/// Forwards to `inner`, which outlives it. Thread-safe. Watches and leases go through unharmed.
class FaultyStore final : public store::Store {
 public:
  explicit FaultyStore(store::Store& inner) : inner_(inner) {}

  /// The `call`-th call from now on (1 is the next) fails so.
  void fail_at(std::uint64_t call, Fault fault) {
    fault_ = fault;
    left_ = call;
  }
  bool failed() const { return failed_; }
  std::uint64_t commits() const { return commits_; }
  /// In all values, and in those under keys that begin with `b/` (blocks).
  std::uint64_t octets_put() const { return octets_put_; }
  std::uint64_t block_octets_put() const { return block_octets_put_; }

  Task<Result<std::vector<store::Record>>> get(store::Partition partition,
                                               std::vector<std::string> keys,
                                               store::Opt opt) override;
  Task<Result<store::Page>> scan(store::Partition partition, store::Range range,
                                 std::size_t keys_max, store::Opt opt) override;
  Task<Result<store::Committed>> commit(store::Partition partition, store::Batch batch,
                                        store::Opt opt) override;
  Task<Result<Done>> settle(store::Ticket ticket, store::Opt opt) override;
  Task<Result<Done>> drop(store::Partition partition, std::optional<store::Fence> fence,
                          store::Opt opt) override;
  Task<Result<std::vector<store::Partition>>> list(std::string prefix, std::string after,
                                                   std::size_t max, store::Opt opt) override;
  Result<std::unique_ptr<store::BlobWriter>> blob(std::optional<std::uint64_t> octets,
                                                  store::Opt opt) override;
  Task<Result<std::string>> read(store::BlobId id, std::uint64_t offset, std::size_t octets,
                                 store::Opt opt) override;
  Task<Result<store::BlobInfo>> stat(store::BlobId id, store::Opt opt) override;
  Task<Result<Done>> link(store::BlobId id, std::string holder, store::Opt opt) override;
  Task<Result<Done>> unlink(store::BlobId id, std::string holder, store::Opt opt) override;
  Task<Result<std::uint64_t>> sweep(std::uint32_t day, Alive alive, store::Opt opt) override;
  std::unique_ptr<store::Watch> watch(store::Partition partition, rt::Executor executor,
                                      std::function<void(store::Ring)> ring) override;
  std::chrono::milliseconds poll_every() const override { return inner_.poll_every(); }
  Task<Result<std::unique_ptr<store::Lease>>> acquire(store::Partition partition, std::string name,
                                                      std::string owner,
                                                      std::chrono::milliseconds ttl) override;
  bool has_room(std::uint64_t octets) override { return inner_.has_room(octets); }
  void close() override { inner_.close(); }

 private:
  /// What this call is to suffer.
  std::optional<Fault> next();

  store::Store& inner_;
  std::atomic<std::uint64_t> left_{0}, commits_{0}, octets_put_{0}, block_octets_put_{0};
  std::atomic<Fault> fault_{Fault::unavailable};
  std::atomic<bool> failed_{false}, stopped_{false};
};

}  // namespace ph::mailbox::testing
