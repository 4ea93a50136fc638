// `memory:`: everything in ordered maps of this process, gone with it. For tests and simulation.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "store/engine.h"

namespace ph::store {

/// Thread-safe; has no threads and no clock of its own. Every answer is posted to the caller's
/// executor, so that order in simulation is the executor's.
class MemoryEngine final : public LocalEngine {
 public:
  static constexpr std::uint64_t kRoomOctetsDefault = std::uint64_t{1} << 30;

  MemoryEngine(rt::World& world, std::uint64_t room_octets);

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
  bool has_room(std::uint64_t octets) override;
  void close() override;

 private:
  class Writer;
  struct Row {
    Version version;
    std::string value;
  };
  struct Blob {
    BlobInfo info;
    std::string body;
    std::map<std::string, std::uint32_t> holders;  // -> day of the link
  };

  // Each is one call's work, under the lock.
  Result<std::vector<Record>> get_now(const Partition& partition,
                                      const std::vector<std::string>& keys);
  Result<Page> scan_now(const Partition& partition, const Range& range, std::size_t keys_max);
  Result<Committed> commit_now(const Partition& partition, Batch batch);
  Result<Done> drop_now(const Partition& partition, const std::optional<Fence>& fence);
  std::vector<Partition> list_now(const std::string& prefix, const std::string& after,
                                  std::size_t max);
  Result<BlobInfo> seal_now(const BlobId& id, std::string body, std::string holder);
  Result<std::string> read_now(const BlobId& id, std::uint64_t offset, std::size_t octets);
  std::vector<std::pair<BlobId, std::string>> holders_before(std::uint32_t day);
  std::uint64_t sweep_now(std::uint32_t day,
                          const std::vector<std::pair<BlobId, std::string>>& dead);
  Result<std::optional<Version>> version_of(const Partition& partition, std::string_view key) const;

  const std::uint64_t room_octets_;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, Row> rows_;
  std::map<BlobId, Blob> blobs_;
  std::uint64_t used_octets_ = 0;  // of values and bodies
  bool closed_ = false;
};

}  // namespace ph::store
