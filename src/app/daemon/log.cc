// The only file that includes spdlog.
#include "app/daemon/log.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <utility>

#include "message/utf8.h"

namespace ph::daemon {
namespace {

/// The length of the UTF-8 character at the front of `text`; 0: it is not one.
std::size_t utf8_octets(std::string_view text) {
  return static_cast<unsigned char>(text[0]) < 0x80 ? 1 : message::utf8_character_octets(text);
}

/// Characters that must not reach a terminal or split a line: C0, DEL, C1, U+2028 and U+2029.
bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7f;
  if (character.size() == 2)
    return first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
  return character == "\u2028" || character == "\u2029";
}

std::string escape_control(std::string_view character) {
  if (character == "\n") return "\\n";
  if (character == "\r") return "\\r";
  if (character == "\t") return "\\t";
  unsigned code = static_cast<unsigned char>(character[0]);
  if (character.size() == 2) code = static_cast<unsigned char>(character[1]);
  if (character.size() == 3) code = character == "\u2028" ? 0x2028 : 0x2029;
  return fmt::format("\\u{:04x}", code);
}

bool is_plain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

/// The inside of a quoted value, the same escapes in both formats.
std::string escape(std::string_view value) {
  std::string out;
  const bool cut = value.size() > kLogValueOctetsMax;
  value = value.substr(0, kLogValueOctetsMax);
  while (!value.empty()) {
    const auto plain = std::ranges::find_if_not(value, is_plain);  // most values are nothing else
    out.append(value.begin(), plain);
    value.remove_prefix(static_cast<std::size_t>(plain - value.begin()));
    if (value.empty()) break;
    const auto octets = utf8_octets(value);
    const auto character = value.substr(0, std::max<std::size_t>(octets, 1));
    value.remove_prefix(character.size());
    if (octets == 0) {
      out += "\\ufffd";
    } else if (is_control(character)) {
      out += escape_control(character);
    } else {
      if (character == "\"" || character == "\\") out += '\\';
      out += character;
    }
  }
  if (cut) out += "[cut]";
  return out;
}

std::string logfmt_value(std::string_view value) {
  std::string inside = escape(value);
  const bool plain = !value.empty() && inside.size() == value.size() &&
                     value.find_first_of(" =\"") == std::string_view::npos;
  return plain ? inside : fmt::format("\"{}\"", inside);
}

spdlog::level::level_enum spdlog_level(rt::Level level) {
  switch (level) {
    case rt::Level::debug: return spdlog::level::debug;
    case rt::Level::info: return spdlog::level::info;
    case rt::Level::warning: return spdlog::level::warn;
    case rt::Level::error: return spdlog::level::err;
  }
  std::unreachable();
}

class SpdLog final : public StandardErrorLog {
 public:
  SpdLog(LogFormat format, rt::Level level)
      : format_(format), logger_("posthouse", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_formatter(std::make_unique<spdlog::pattern_formatter>(
        format == LogFormat::json ? "{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",%v}"
                                  : "time=%Y-%m-%dT%H:%M:%S.%eZ %v",
        spdlog::pattern_time_type::utc));
    set_level(level);
  }

  void set_level(rt::Level level) override { logger_.set_level(spdlog_level(level)); }

  void write(rt::Level level, std::string_view what, std::vector<rt::LogField> fields) override {
    const auto at = spdlog_level(level);
    if (logger_.should_log(at)) logger_.log(at, format_line(format_, level, what, fields));
  }

 private:
  LogFormat format_;
  spdlog::logger logger_;
};

}  // namespace

std::string_view to_string(rt::Level level) {
  switch (level) {
    case rt::Level::debug: return "debug";
    case rt::Level::info: return "info";
    case rt::Level::warning: return "warning";
    case rt::Level::error: return "error";
  }
  std::unreachable();
}

std::string format_line(LogFormat format, rt::Level level, std::string_view what,
                        const std::vector<rt::LogField>& fields) {
  const bool json = format == LogFormat::json;
  std::string out =
      json ? fmt::format("\"level\":\"{}\",\"what\":\"{}\"", to_string(level), escape(what))
           : fmt::format("level={} what={}", to_string(level), logfmt_value(what));
  for (std::size_t i = 0; i < std::min(fields.size(), kLogFieldsMax); ++i) {
    const auto& [key, value] = fields[i];
    if (json) {
      out += fmt::format(",\"{}\":\"{}\"", escape(key), escape(value));
    } else {
      out += fmt::format(" {}={}", key, logfmt_value(value));
    }
  }
  return out;
}

std::unique_ptr<StandardErrorLog> make_log(LogFormat format, rt::Level level) {
  return std::make_unique<SpdLog>(format, level);
}

}  // namespace ph::daemon
