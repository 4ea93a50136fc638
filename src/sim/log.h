// Log lines kept for a test to look at.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/hash.h"
#include "rt/log.h"

namespace ph::sim {

/// Lines above this are forgotten; they count in the digest all the same.
inline constexpr std::size_t kLogLinesMax = 100'000;

class Log final : public rt::Log {
 public:
  void write(rt::Level level, std::string_view what, std::vector<rt::LogField> fields) override;
  /// Each as "what key=value key=value".
  std::vector<std::string> lines() const;
  /// Of all lines since the beginning, in their order: two runs with equal digests did the same.
  std::uint64_t digest() const;
  std::uint64_t count() const;
  /// Whether a line contains `text`.
  bool has(std::string_view text) const;
  /// Forgets the lines that are kept.
  void clear();

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;  // guarded by mutex_, as what follows
  std::uint64_t digest_ = kFnv1aStart, count_ = 0;
};

}  // namespace ph::sim
