// Where log lines go. One line per step; events and log lines are the same facts in two places.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/event.h"

namespace ph::rt {

enum class Level : std::uint8_t { debug, info, warning, error };

/// One "key=value" of a log line. Values may hold anything; the writer escapes them.
struct LogField {
  std::string_view key;
  std::string value;
};

/// Thread-safe; never blocks for long, never fails.
class Log {
 public:
  virtual ~Log() = default;
  virtual void write(Level level, std::string_view what, std::vector<LogField> fields) = 0;
  /// The event as a line: what=<stage>.<outcome>, then its fields that are not empty. failed and
  /// refused are warnings, the rest is info.
  void event(const Event& event);
  void error(std::string_view what, const Error& error);
};

}  // namespace ph::rt
