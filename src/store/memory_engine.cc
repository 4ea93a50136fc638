#include "store/memory_engine.h"

#include <algorithm>

#include "base/time.h"
#include "store/crc32c.h"
#include "store/layout.h"

namespace ph::store {
namespace {

/// The answer goes the way of every other engine's: over the caller's executor.
template <class T>
Task<T> answer(T value) {
  T out = co_await rt::suspend<T>(
      [value = std::move(value)](rt::Resume<T> resume) mutable { resume(std::move(value)); });
  co_return out;
}

}  // namespace

/// Collects in memory; the blob exists from seal() on.
class MemoryEngine::Writer final : public BlobWriter {
 public:
  Writer(MemoryEngine& engine, BlobId id) : engine_(engine), id_(std::move(id)) {}
  BlobId id() const override { return id_; }
  Task<Result<Done>> write(std::string octets) override {
    Result<Done> done = Done{};
    if (body_.size() + octets.size() > Limits::blob_octets) {
      done = fail(Kind::over_limit, "blob is too big");
    } else if (!engine_.has_room(body_.size() + octets.size())) {
      done = fail(Kind::unavailable, "no room in the memory store");
    } else {
      body_ += octets;
    }
    auto out = co_await answer(std::move(done));
    co_return out;
  }
  Task<Result<BlobInfo>> seal(std::string holder) override {
    PH_CO_TRY([[maybe_unused]] const Done fits, check_holder(holder));
    auto info = engine_.seal_now(id_, std::move(body_), std::move(holder));
    auto out = co_await answer(std::move(info));
    co_return out;
  }

 private:
  MemoryEngine& engine_;
  BlobId id_;
  std::string body_;
};

MemoryEngine::MemoryEngine(rt::World& world, std::uint64_t room_octets)
    : LocalEngine(world, 1 + world.random.below(Ids::kIncarnationMax)), room_octets_(room_octets) {}

Result<std::optional<Version>> MemoryEngine::version_of(const Partition& partition,
                                                        std::string_view key) const {
  const auto found = rows_.find(row_key(partition, key));
  if (found == rows_.end()) return std::nullopt;
  return found->second.version;
}

Result<std::vector<Record>> MemoryEngine::get_now(const Partition& partition,
                                                  const std::vector<std::string>& keys) {
  const std::scoped_lock lock(mutex_);
  std::vector<Record> records;
  for (const std::string& key : keys) {
    const auto found = rows_.find(row_key(partition, key));
    if (found != rows_.end()) records.push_back({key, found->second.value, found->second.version});
  }
  return records;
}

Task<Result<std::vector<Record>>> MemoryEngine::get(Partition partition,
                                                    std::vector<std::string> keys,
                                                    [[maybe_unused]] Opt opt) {
  PH_CO_TRY([[maybe_unused]] const Done fits, check_keys(partition, keys));
  auto out = co_await answer(get_now(partition, keys));
  co_return out;
}

Result<Page> MemoryEngine::scan_now(const Partition& partition, const Range& range,
                                    std::size_t keys_max) {
  const std::scoped_lock lock(mutex_);
  const std::string end =
      range.end.empty() ? partition_end(partition) : row_key(partition, range.end);
  Page page;
  std::size_t octets = 0;
  for (auto row = rows_.lower_bound(row_key(partition, range.begin));
       row != rows_.end() && row->first < end; ++row) {
    const std::string key(split_row_key(row->first).key);
    octets += key.size() + row->second.value.size();
    const bool full = page.records.size() == std::min(keys_max, Limits::page_keys) ||
                      (octets > Limits::page_octets && !page.records.empty());
    if (full) {
      page.next = key;
      break;
    }
    page.records.push_back({key, row->second.value, row->second.version});
  }
  return page;
}

Task<Result<Page>> MemoryEngine::scan(Partition partition, Range range, std::size_t keys_max,
                                      [[maybe_unused]] Opt opt) {
  PH_CO_TRY([[maybe_unused]] const Done named, check_partition(partition));
  if (keys_max == 0) co_return fail(Kind::malformed, "a page has at least one key");
  auto out = co_await answer(scan_now(partition, range, keys_max));
  co_return out;
}

Result<Committed> MemoryEngine::commit_now(const Partition& partition, Batch batch) {
  const Version version = ids_.next_version();
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) return fail(Kind::cancelled, "the store is closed");
    if (adds_data(batch) && used_octets_ + octets_of(batch) > room_octets_)
      return fail(Kind::unavailable, "no room in the memory store");
    const auto found = [&](std::string_view key) { return version_of(partition, key); };
    PH_TRY([[maybe_unused]] const Done holds, judge(batch.checks, batch.fence, found));
    for (Put& put : batch.puts) {
      const std::string name = row_key(partition, put.key);
      const auto old = rows_.find(name);
      if (old != rows_.end()) used_octets_ -= name.size() + old->second.value.size();
      if (put.value) {
        used_octets_ += name.size() + put.value->size();
        rows_.insert_or_assign(name, Row{version, std::move(*put.value)});
      } else if (old != rows_.end()) {
        rows_.erase(old);
      }
    }
  }
  if (!batch.hint.empty()) board_.ring(partition, batch.hint);
  return Committed{version, make_ticket(partition, version)};
}

Task<Result<Committed>> MemoryEngine::commit(Partition partition, Batch batch,
                                             [[maybe_unused]] Opt opt) {
  PH_CO_TRY([[maybe_unused]] const Done fits, check_batch(partition, batch));
  auto out = co_await answer(commit_now(partition, std::move(batch)));
  co_return out;
}

Result<Done> MemoryEngine::drop_now(const Partition& partition, const std::optional<Fence>& fence) {
  const std::scoped_lock lock(mutex_);
  if (closed_) return fail(Kind::cancelled, "the store is closed");
  const auto found = [&](std::string_view key) { return version_of(partition, key); };
  PH_TRY([[maybe_unused]] const Done holds, judge({}, fence, found));
  const auto from = rows_.lower_bound(row_key(partition, ""));
  const auto to = rows_.lower_bound(partition_end(partition));
  for (auto row = from; row != to; ++row)
    used_octets_ -= row->first.size() + row->second.value.size();
  rows_.erase(from, to);
  return Done{};
}

Task<Result<Done>> MemoryEngine::drop(Partition partition, std::optional<Fence> fence,
                                      [[maybe_unused]] Opt opt) {
  PH_CO_TRY([[maybe_unused]] const Done named, check_partition(partition));
  auto out = co_await answer(drop_now(partition, fence));
  co_return out;
}

std::vector<Partition> MemoryEngine::list_now(const std::string& prefix, const std::string& after,
                                              std::size_t max) {
  const std::scoped_lock lock(mutex_);
  std::vector<Partition> partitions;
  auto row = rows_.lower_bound(after < prefix ? prefix : partition_end(after));
  while (row != rows_.end() && row->first.starts_with(prefix) &&
         partitions.size() < std::min(max, Limits::page_keys)) {
    partitions.emplace_back(split_row_key(row->first).partition);
    row = rows_.lower_bound(partition_end(partitions.back()));
  }
  return partitions;
}

Task<Result<std::vector<Partition>>> MemoryEngine::list(std::string prefix, std::string after,
                                                        std::size_t max, [[maybe_unused]] Opt opt) {
  Result<std::vector<Partition>> partitions = list_now(prefix, after, max);
  auto out = co_await answer(std::move(partitions));
  co_return out;
}

Result<std::unique_ptr<BlobWriter>> MemoryEngine::blob(std::optional<std::uint64_t> octets,
                                                       [[maybe_unused]] Opt opt) {
  if (octets.value_or(0) > Limits::blob_octets) return fail(Kind::over_limit, "blob is too big");
  if (!has_room(octets.value_or(0))) return fail(Kind::unavailable, "no room in the memory store");
  return std::make_unique<Writer>(*this, ids_.next_blob(day_of(world_.clock.wall())));
}

Result<BlobInfo> MemoryEngine::seal_now(const BlobId& id, std::string body, std::string holder) {
  const std::uint32_t day = day_of(world_.clock.wall());
  const std::scoped_lock lock(mutex_);
  if (closed_) return fail(Kind::cancelled, "the store is closed");
  if (used_octets_ + body.size() > room_octets_)
    return fail(Kind::unavailable, "no room in the memory store");
  const BlobInfo info{body.size(), crc32c(body)};
  used_octets_ += body.size();
  blobs_.emplace(id, Blob{info, std::move(body), {{std::move(holder), day}}});
  return info;
}

Result<std::string> MemoryEngine::read_now(const BlobId& id, std::uint64_t offset,
                                           std::size_t octets) {
  const std::scoped_lock lock(mutex_);
  const auto blob = blobs_.find(id);
  if (blob == blobs_.end()) return fail(Kind::not_found, "there is no such blob", id);
  const std::string& body = blob->second.body;
  return body.substr(std::min<std::uint64_t>(offset, body.size()), octets);
}

Task<Result<std::string>> MemoryEngine::read(BlobId id, std::uint64_t offset, std::size_t octets,
                                             [[maybe_unused]] Opt opt) {
  PH_CO_TRY([[maybe_unused]] const Done named, check_blob_id(id));
  auto out = co_await answer(read_now(id, offset, octets));
  co_return out;
}

Task<Result<BlobInfo>> MemoryEngine::stat(BlobId id, [[maybe_unused]] Opt opt) {
  PH_CO_TRY([[maybe_unused]] const Done named, check_blob_id(id));
  Result<BlobInfo> info = fail(Kind::not_found, "there is no such blob", id);
  {
    const std::scoped_lock lock(mutex_);
    const auto blob = blobs_.find(id);
    if (blob != blobs_.end()) info = blob->second.info;
  }
  auto out = co_await answer(std::move(info));
  co_return out;
}

Task<Result<Done>> MemoryEngine::link(BlobId id, std::string holder, [[maybe_unused]] Opt opt) {
  PH_CO_TRY([[maybe_unused]] const Done named, check_blob_id(id));
  PH_CO_TRY([[maybe_unused]] const Done fits, check_holder(holder));
  const std::uint32_t day = day_of(world_.clock.wall());
  Result<Done> done = fail(Kind::not_found, "there is no such blob", id);
  {
    const std::scoped_lock lock(mutex_);
    const auto blob = blobs_.find(id);
    if (blob != blobs_.end()) {
      blob->second.holders.insert_or_assign(std::move(holder), day);
      done = Done{};
    }
  }
  auto out = co_await answer(std::move(done));
  co_return out;
}

Task<Result<Done>> MemoryEngine::unlink(BlobId id, std::string holder, [[maybe_unused]] Opt opt) {
  PH_CO_TRY([[maybe_unused]] const Done named, check_blob_id(id));
  PH_CO_TRY([[maybe_unused]] const Done fits, check_holder(holder));
  {
    const std::scoped_lock lock(mutex_);
    const auto blob = blobs_.find(id);
    if (blob != blobs_.end()) blob->second.holders.erase(holder);
  }
  auto out = co_await answer(Result<Done>(Done{}));
  co_return out;
}

std::vector<std::pair<BlobId, std::string>> MemoryEngine::holders_before(std::uint32_t day) {
  const std::scoped_lock lock(mutex_);
  std::vector<std::pair<BlobId, std::string>> holders;
  for (const auto& [id, blob] : blobs_)
    for (const auto& [holder, linked] : blob.holders)
      if (linked < day) holders.emplace_back(id, holder);
  return holders;
}

std::uint64_t MemoryEngine::sweep_now(std::uint32_t day,
                                      const std::vector<std::pair<BlobId, std::string>>& dead) {
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, holder] : dead) {
    const auto blob = blobs_.find(id);
    if (blob == blobs_.end()) continue;
    const auto found = blob->second.holders.find(holder);
    // linked again meanwhile: leave it
    if (found != blob->second.holders.end() && found->second < day)
      blob->second.holders.erase(found);
  }
  std::uint64_t freed_octets = 0;
  for (auto blob = blobs_.begin(); blob != blobs_.end() && creation_day(blob->first) < day;) {
    if (blob->second.holders.empty()) {
      freed_octets += blob->second.info.octets;
      blob = blobs_.erase(blob);
    } else {
      ++blob;
    }
  }
  used_octets_ -= freed_octets;
  return freed_octets;
}

Task<Result<std::uint64_t>> MemoryEngine::sweep(std::uint32_t day, Alive alive,
                                                [[maybe_unused]] Opt opt) {
  std::vector<std::pair<BlobId, std::string>> dead;
  for (const auto& [id, holder] : holders_before(day)) {
    PH_CO_TRY(const bool lives, co_await alive(holder));
    if (!lives) dead.emplace_back(id, holder);
  }
  Result<std::uint64_t> freed = sweep_now(day, dead);
  auto out = co_await answer(std::move(freed));
  co_return out;
}

Task<Result<Done>> MemoryEngine::sync() {
  auto out = co_await answer(Result<Done>(Done{}));
  co_return out;
}

bool MemoryEngine::has_room(std::uint64_t octets) {
  const std::scoped_lock lock(mutex_);
  return octets <= room_octets_ && used_octets_ <= room_octets_ - octets;
}

void MemoryEngine::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
}

}  // namespace ph::store
