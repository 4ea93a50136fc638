// Log lines kept for a test to look at.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "rt/log.h"

namespace ph::sim {

/// Lines above this are counted and forgotten.
inline constexpr std::size_t kLogLinesMax = 100'000;

class Log final : public rt::Log {
 public:
  void write(rt::Level level, std::string_view what, std::vector<rt::LogField> fields) override;
  /// Each as "what key=value key=value".
  std::vector<std::string> lines() const;
  /// Whether a line contains `text`.
  bool has(std::string_view text) const;
  void clear();

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;  // guarded by mutex_
};

}  // namespace ph::sim
