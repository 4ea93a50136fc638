// Blobs and chunks that wait for their turn on the way to disk, readable meanwhile.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "store/layout.h"

namespace ph::store {

/// Thread-safe. Bounded by the committer's queue. An entry goes when its row is in the database, so
/// a reader asks here first: what is not here any more is there.
class PendingBlobs {
 public:
  using Head = std::shared_ptr<const BlobHead>;  // with readers
  using Chunk =
      std::shared_ptr<const std::string>;  // with readers and with the work that writes it

  void add(const std::string& chunk_key, Chunk body) {
    const std::scoped_lock lock(mutex_);
    chunks_.emplace(chunk_key, std::move(body));
  }
  void add(const BlobId& id, Head head) {
    const std::scoped_lock lock(mutex_);
    heads_.emplace(id, std::move(head));
  }
  void remove_chunk(const std::string& chunk_key) {
    const std::scoped_lock lock(mutex_);
    chunks_.erase(chunk_key);
  }
  void remove_head(const BlobId& id) {
    const std::scoped_lock lock(mutex_);
    heads_.erase(id);
  }
  /// nullptr: not waiting.
  Head head(const BlobId& id) const {
    const std::scoped_lock lock(mutex_);
    const auto found = heads_.find(id);
    return found == heads_.end() ? nullptr : found->second;
  }
  Chunk chunk(const std::string& chunk_key) const {
    const std::scoped_lock lock(mutex_);
    const auto found = chunks_.find(chunk_key);
    return found == chunks_.end() ? nullptr : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Head> heads_;
  std::unordered_map<std::string, Chunk> chunks_;
};

}  // namespace ph::store
