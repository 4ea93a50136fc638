#include "sim/log.h"

#include <algorithm>

namespace ph::sim {

void Log::write(rt::Level, std::string_view what, std::vector<rt::LogField> fields) {
  std::string line(what);
  for (const auto& field : fields)
    line.append(" ").append(field.key).append("=").append(field.value);
  const std::lock_guard lock(mutex_);
  digest_ = fnv1a("\n", fnv1a(line, digest_));
  ++count_;
  if (lines_.size() < kLogLinesMax) lines_.push_back(std::move(line));
}

std::vector<std::string> Log::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

std::uint64_t Log::digest() const {
  const std::lock_guard lock(mutex_);
  return digest_;
}

std::uint64_t Log::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

bool Log::has(std::string_view text) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(lines_, [text](const auto& line) { return line.contains(text); });
}

void Log::clear() {
  const std::lock_guard lock(mutex_);
  lines_.clear();
}

}  // namespace ph::sim
