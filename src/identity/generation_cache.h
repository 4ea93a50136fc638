// A bounded map of answers for many readers: the usual lookup takes a shared lock and copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>

#include "rt/world.h"

namespace ph::identity {

/// Keeps up to `entries_max` values. Entries live in two generations: when the young one is half of
/// the bound it becomes the old one, and the old one is dropped; so what was put or found since
/// stays, and no list is kept in order of use.
///
/// A value read from the store before a change must not be put after the change was made known.
/// So: epoch() first, then read, then put() with that epoch; clear() makes a new epoch and drops
/// all. Any thread.
template <class Value>
class GenerationCache {
 public:
  explicit GenerationCache(std::size_t entries_max) : half_max_(entries_max / 2) {}

  std::optional<Value> find(std::string_view key, rt::Instant now) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto at = young_.find(key); at != young_.end()) return fresh(at->second, now);
      if (!old_.contains(key)) return std::nullopt;
    }
    const std::unique_lock lock(mutex_);  // it may have gone in between
    const auto at = old_.find(key);
    if (at == old_.end()) return std::nullopt;
    auto node = old_.extract(at);
    auto value = fresh(node.mapped(), now);
    if (value) insert(std::move(node.key()), std::move(node.mapped()));
    return value;
  }

  std::uint64_t epoch() const {
    const std::shared_lock lock(mutex_);
    return epoch_;
  }

  /// Nothing happens if clear() was called since epoch() gave `epoch`.
  void put(std::string key, Value value, rt::Instant expires, std::uint64_t epoch) {
    const std::unique_lock lock(mutex_);
    if (epoch == epoch_) insert(std::move(key), Entry{std::move(value), expires});
  }

  void clear() {
    const std::unique_lock lock(mutex_);
    ++epoch_;
    young_.clear();
    old_.clear();
  }

 private:
  struct Entry {
    Value value;
    rt::Instant expires;
  };
  using Map = std::map<std::string, Entry, std::less<>>;  // strangers would choose what a hash sees

  static std::optional<Value> fresh(const Entry& entry, rt::Instant now) {
    if (entry.expires <= now) return std::nullopt;
    return entry.value;
  }

  void insert(std::string key, Entry entry) {
    if (young_.size() >= half_max_) {
      old_ = std::move(young_);
      young_.clear();
    }
    young_.insert_or_assign(std::move(key), std::move(entry));
  }

  const std::size_t half_max_;
  mutable std::shared_mutex mutex_;
  Map young_, old_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ph::identity
