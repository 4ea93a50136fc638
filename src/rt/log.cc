#include "rt/log.h"

namespace ph::rt {

void Log::event(const Event& e) {
  std::vector<LogField> fields;
  const auto add = [&fields](std::string_view key, const std::string& value) {
    if (!value.empty()) fields.push_back({key, value});
  };
  add("id", e.queue_id);
  add("message_id", e.message_id);
  if (e.stage == Stage::accept || e.stage == Stage::envelope || !e.sender.empty())
    fields.push_back({"from", "<" + e.sender + ">"});
  if (!e.recipient.empty()) fields.push_back({"to", "<" + e.recipient + ">"});
  add("peer", e.peer);
  add("why", e.why);
  add("reply", e.reply);
  const bool bad = e.outcome == Outcome::failed || e.outcome == Outcome::refused;
  write(bad ? Level::warning : Level::info,
        std::string(to_string(e.stage)) + "." + std::string(to_string(e.outcome)),
        std::move(fields));
}

void Log::error(std::string_view what, const Error& error) {
  write(Level::error, what, {{"error", describe(error)}});
}

}  // namespace ph::rt
