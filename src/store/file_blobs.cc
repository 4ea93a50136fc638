// Blobs of the embedded engine: written in chunks, sealed by a head, alive while they have a
// holder.
#include <algorithm>

#include "base/time.h"
#include "store/crc32c.h"
#include "store/file_engine.h"
#include "store/file_look.h"

namespace ph::store {
namespace {

using Family = Database::Family;

Found<BlobHead> find_head(const Database& database, const PendingBlobs& pending, const BlobId& id,
                          Depth depth) {
  if (const PendingBlobs::Head head = pending.head(id)) return *head;
  PH_TRY(const auto octets, database.record(Family::blobs, id, depth));
  if (!octets) return std::nullopt;
  if (!*octets) return fail(Kind::not_found, "there is no such blob", id);
  PH_TRY(BlobHead head, parse_head(id, **octets));
  return head;
}

/// Appends octets [from, to) of one chunk to `out`; false: Depth::memory was not enough.
Result<bool> append_chunk(const Database& database, const PendingBlobs& pending,
                          const std::string& key, std::uint64_t from, std::uint64_t to, Depth depth,
                          std::string& out) {
  if (const PendingBlobs::Chunk body = pending.chunk(key)) {
    out.append(*body, from, to - from);
    return true;
  }
  PH_TRY(const auto octets, database.record(Family::blobs, key, depth));
  if (!octets) return false;
  if (!*octets) return fail(Kind::corrupt, "a blob's chunk is missing", key.substr(0, 26));
  PH_TRY(const std::string_view body, parse_chunk(key, **octets));
  if (body.size() < to)
    return fail(Kind::corrupt, "a blob's chunk is too short", key.substr(0, 26));
  out.append(body.substr(from, to - from));
  return true;
}

Found<std::string> find_octets(const Database& database, const PendingBlobs& pending,
                               const BlobId& id, std::uint64_t offset, std::uint64_t octets,
                               Depth depth) {
  PH_TRY(const std::optional<BlobHead> head, find_head(database, pending, id, depth));
  if (!head) return std::nullopt;
  const std::uint64_t begin = std::min(offset, head->info.octets);
  const std::uint64_t end = begin + std::min(octets, head->info.octets - begin);
  std::string out;
  out.reserve(end - begin);
  std::uint64_t chunk_begin = 0;
  for (std::uint32_t i = 0; i < head->chunk_octets.size() && chunk_begin < end; ++i) {
    const std::uint64_t chunk_end = chunk_begin + head->chunk_octets[i];
    if (chunk_end > begin) {
      const std::uint64_t from = std::max(begin, chunk_begin) - chunk_begin;
      PH_TRY(const bool enough, append_chunk(database, pending, chunk_key(id, i), from,
                                             std::min(end, chunk_end) - chunk_begin, depth, out));
      if (!enough) return std::nullopt;
    }
    chunk_begin = chunk_end;
  }
  return out;
}

/// A blob that may be garbage: it is old, and so are the holders named here.
struct OldBlob {
  BlobId id;
  std::vector<std::string> holders;
  bool held = false;  // has younger holders as well
};

/// Blobs with ids from `cursor` on that were made before `day`; moves the cursor behind them, or to
/// "" at the end.
Result<std::vector<OldBlob>> old_blobs(const Database& database, std::string& cursor,
                                       std::uint32_t day, std::size_t max) {
  std::vector<OldBlob> blobs;
  const std::string end = base32(day, 4);
  while (blobs.size() < max) {
    BlobId id;
    const auto first = [&id](std::string_view key, std::size_t) {
      id = key.substr(0, 26);
      return false;
    };
    PH_TRY([[maybe_unused]] const Done found, database.each_key(Family::blobs, cursor, end, first));
    cursor = id.empty() ? "" : id + '\xff';
    if (id.empty()) break;
    OldBlob& blob = blobs.emplace_back(OldBlob{.id = id});
    std::vector<std::string> keys;
    const auto add = [&keys](std::string_view key, std::size_t) {
      keys.emplace_back(key);
      return true;
    };
    PH_TRY([[maybe_unused]] const Done listed,
           database.each_key(Family::holders, id, id + '\xff', add));
    for (const std::string& key : keys) {
      PH_TRY(const auto octets, database.record(Family::holders, key, Depth::disk));
      if (!*octets) continue;
      PH_TRY(const std::uint32_t linked, parse_holder(**octets));
      if (linked < day) {
        blob.holders.push_back(key.substr(id.size()));
      } else {
        blob.held = true;
      }
    }
  }
  return blobs;
}

}  // namespace

/// Buffers up to a chunk. A message under kChunkOctetsMax costs nothing before it is sealed, and
/// then one entry of the queue.
class FileEngine::Writer final : public BlobWriter {
 public:
  Writer(FileEngine& engine, BlobId id) : engine_(engine), id_(std::move(id)) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() override {
    engine_.buffered_octets_ -= buffer_.size();
    const std::scoped_lock lock(engine_.open_mutex_);
    engine_.open_.erase(id_);
  }
  BlobId id() const override { return id_; }
  Task<Result<Done>> write(std::string octets) override;
  Task<Result<BlobInfo>> seal(std::string holder) override;

 private:
  std::unique_ptr<BlobWork> chunk(std::size_t octets);
  bool has_chunk() const {
    return buffer_.size() >= kChunkOctetsMax ||
           (buffer_.size() >= kChunkOctetsMin && engine_.buffered_octets_ > kBufferedOctetsMax);
  }
  FileEngine& engine_;
  BlobId id_;
  std::string buffer_;
  BlobHead head_;
};

/// Takes `octets` off the buffer: a work that writes them as the next chunk, readable at once.
std::unique_ptr<BlobWork> FileEngine::Writer::chunk(std::size_t octets) {
  auto work = std::make_unique<BlobWork>(engine_.pending_, id_);
  if (octets == 0) return work;
  std::string rest = buffer_.substr(octets);
  buffer_.resize(octets);
  auto body = std::make_shared<const std::string>(std::exchange(buffer_, std::move(rest)));
  engine_.buffered_octets_ -= octets;
  const std::string key = chunk_key(id_, static_cast<std::uint32_t>(head_.chunk_octets.size()));
  head_.chunk_octets.push_back(static_cast<std::uint32_t>(octets));
  engine_.pending_->add(key, body);
  work->add_chunk(key, std::move(body));
  return work;
}

Task<Result<Done>> FileEngine::Writer::write(std::string octets) {
  if (engine_.closed_) co_return fail(Kind::cancelled, "the store is closed");
  if (head_.info.octets + octets.size() > Limits::blob_octets)
    co_return fail(Kind::over_limit, "blob is too big");
  head_.info.octets += octets.size();
  head_.info.crc32c = crc32c(octets, head_.info.crc32c);
  engine_.buffered_octets_ += octets.size();
  if (buffer_.empty()) {
    buffer_ = std::move(octets);
  } else {
    buffer_ += octets;
  }
  while (has_chunk()) {
    if (!engine_.has_room(buffer_.size())) co_return fail(Kind::unavailable, "no room on the disk");
    PH_CO_TRY([[maybe_unused]] const Done room, co_await engine_.committer_->wait_for_room());
    engine_.committer_->submit(chunk(std::min(buffer_.size(), kChunkOctetsMax)));
  }
  co_return Done{};
}

Task<Result<BlobInfo>> FileEngine::Writer::seal(std::string holder) {
  if (engine_.closed_) co_return fail(Kind::cancelled, "the store is closed");
  PH_CO_TRY([[maybe_unused]] const Done fits, check_holder(holder));
  if (!engine_.has_room(buffer_.size())) co_return fail(Kind::unavailable, "no room on the disk");
  PH_CO_TRY([[maybe_unused]] const Done room, co_await engine_.committer_->wait_for_room());
  auto work = chunk(buffer_.size());
  work->add_head(head_, std::move(holder), day_of(engine_.world_.clock.wall()));
  engine_.pending_->add(id_, std::make_shared<const BlobHead>(head_));
  engine_.committer_->submit(std::move(work));
  co_return head_.info;
}

Result<std::unique_ptr<BlobWriter>> FileEngine::blob(std::optional<std::uint64_t> octets,
                                                     [[maybe_unused]] Opt opt) {
  if (octets.value_or(0) > Limits::blob_octets) return fail(Kind::over_limit, "blob is too big");
  if (!has_room(octets.value_or(0))) return fail(Kind::unavailable, "no room on the disk");
  const BlobId id = ids_.next_blob(day_of(world_.clock.wall()));
  const std::scoped_lock lock(open_mutex_);
  if (open_.size() >= kWritersMax) return fail(Kind::unavailable, "too many blobs being written");
  open_.insert(id);
  return std::make_unique<Writer>(*this, id);
}

bool FileEngine::is_open(const BlobId& id) const {
  const std::scoped_lock lock(open_mutex_);
  return open_.contains(id);
}

Task<Result<std::string>> FileEngine::read(BlobId id, std::uint64_t offset, std::size_t octets,
                                           [[maybe_unused]] Opt opt) {
  PH_CO_TRY([[maybe_unused]] const Done named, check_blob_id(id));
  auto find = [id = std::move(id), offset, octets](const Database& database,
                                                   const PendingBlobs& pending, Depth depth) {
    return find_octets(database, pending, id, offset, octets, depth);
  };
  auto body = co_await look<std::string>(std::move(find), octets <= kInlineReadOctetsMax);
  co_return body;
}

Task<Result<BlobInfo>> FileEngine::stat(BlobId id, [[maybe_unused]] Opt opt) {
  PH_CO_TRY([[maybe_unused]] const Done named, check_blob_id(id));
  auto find = [id = std::move(id)](const Database& database, const PendingBlobs& pending,
                                   Depth depth) { return find_head(database, pending, id, depth); };
  PH_CO_TRY(const BlobHead head, co_await look<BlobHead>(std::move(find)));
  co_return head.info;
}

Task<Result<Done>> FileEngine::link(BlobId id, std::string holder, [[maybe_unused]] Opt opt) {
  PH_CO_TRY([[maybe_unused]] const Done named, check_blob_id(id));
  PH_CO_TRY([[maybe_unused]] const Done fits, check_holder(holder));
  auto linked = co_await submit<LinkWork>(pending_, std::move(id), std::move(holder),
                                          day_of(world_.clock.wall()));
  co_return linked;
}

Task<Result<Done>> FileEngine::unlink(BlobId id, std::string holder, [[maybe_unused]] Opt opt) {
  PH_CO_TRY([[maybe_unused]] const Done named, check_blob_id(id));
  PH_CO_TRY([[maybe_unused]] const Done fits, check_holder(holder));
  if (closed_) co_return fail(Kind::cancelled, "the store is closed");
  PH_CO_TRY([[maybe_unused]] const Done room, co_await committer_->wait_for_room());
  committer_->submit(std::make_unique<UnlinkWork>(id, holder));
  co_return Done{};
}

Task<Result<std::uint64_t>> FileEngine::sweep(std::uint32_t day, Alive alive,
                                              [[maybe_unused]] Opt opt) {
  std::uint64_t freed_octets = 0;
  std::string cursor = base32(0, 4);
  while (!cursor.empty()) {
    using Found_ = std::pair<std::vector<OldBlob>, std::string>;
    auto find = [cursor, day](const Database& database, const PendingBlobs&,
                              Depth) -> Found<Found_> {
      std::string after = cursor;
      PH_TRY(std::vector<OldBlob> blobs, old_blobs(database, after, day, kSweepBlobsMax));
      return Found_(std::move(blobs), std::move(after));
    };
    PH_CO_TRY(Found_ page, co_await look<Found_>(std::move(find), false));
    for (OldBlob& blob : page.first) {
      std::vector<std::string> dead;
      for (const std::string& holder : blob.holders) {
        PH_CO_TRY(const bool lives, co_await alive(holder));
        if (!lives) dead.push_back(holder);
      }
      const bool garbage = !blob.held && dead.size() == blob.holders.size() && !is_open(blob.id);
      if (dead.empty() && !garbage) continue;
      PH_CO_TRY(const std::uint64_t octets,
                co_await submit<SweepWork>(std::move(blob.id), std::move(dead), day));
      freed_octets += octets;
    }
    cursor = std::move(page.second);
  }
  co_return freed_octets;
}

}  // namespace ph::store
