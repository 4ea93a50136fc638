// Log lines on standard error: logfmt for people, JSON for collectors, one line a step.
//
//   time=2026-11-21T18:51:02.123Z level=info what=accept.done queue_id=… why="taken over"
//   {"time":"2026-11-21T18:51:02.123Z","level":"info","what":"accept.done","queue_id":"…"}
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rt/log.h"

namespace ph::daemon {

inline constexpr std::size_t kLogValueOctetsMax = 4096;  // longer values are cut, and say so
inline constexpr std::size_t kLogFieldsMax = 32;

enum class LogFormat : std::uint8_t { logfmt, json };

/// A line without its time and line end: level, what, fields in order. Every value is escaped, so
/// that no octet of a peer can end a line, start a field, or reach a terminal as a control
/// character.
std::string format_line(LogFormat format, rt::Level level, std::string_view what,
                        const std::vector<rt::LogField>& fields);

/// Thread-safe. Writes whole lines to standard error, at once.
class StandardErrorLog : public rt::Log {
 public:
  /// Changes what is written from now on, from any thread.
  virtual void set_level(rt::Level level) = 0;
};
std::unique_ptr<StandardErrorLog> make_log(LogFormat format, rt::Level level);

std::string_view to_string(rt::Level level);

}  // namespace ph::daemon
