// What kind of message it is that has no part for programs.
#include "message/report_signs.h"

#include <algorithm>
#include <string>

#include "base/ascii.h"
#include "message/report_parts.h"

namespace ph::message {
namespace {

bool has_any(std::string_view text, const auto& words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.contains(word); });
}

/// Lower case, one blank for white space in a row.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool blank = is_space(c) || c == '\n' || c == '\r';
    if (blank && (out.empty() || out.back() == ' ')) continue;
    out += blank ? ' ' : ascii_lower(c);
  }
  return out;
}

std::string text_of(const Header& header, std::string_view name) {
  const Field* field = header.first(name);
  std::string buffer;
  return field == nullptr ? "" : plain(readable_value(field->value, buffer));
}

bool is_null_path(std::string_view value) { return value == "<>" || value.empty(); }

/// Of the text only so much is looked at for signs: what a bounce is, it says at its beginning.
constexpr std::size_t kSignOctetsMax = 8192;

}  // namespace

bool speaks_of_delay(std::string_view text) {
  return has_any(plain(text.substr(0, kSignOctetsMax)), kDelayTexts);
}

BounceSigns bounce_signs(const Header& header, std::string_view said) {
  BounceSigns signs;
  const std::string from = text_of(header, "from") + " " + text_of(header, "sender");
  signs.sender = has_any(from, kBounceSenders);
  if (const Field* path = header.first("return-path"))
    signs.sender |=
        is_null_path(trimmed(path->value)) || has_any(plain(path->value), kBounceSenders);
  signs.subject = has_any(text_of(header, "subject"), kBounceSubjects);
  signs.text = has_any(plain(said.substr(0, kSignOctetsMax)), kBounceTexts);
  signs.certain = header.first("x-failed-recipients") != nullptr && (signs.sender || signs.subject);
  // An answer, a letter of a list: not by the words alone.
  if (!signs.sender && header.first("in-reply-to") != nullptr) signs.text = false;
  return signs;
}

bool is_auto_reply(const Header& header) {
  const std::string submitted = text_of(header, "auto-submitted");
  if (submitted.starts_with("auto-replied")) return true;
  for (const std::string_view name :
       {"x-autoreply", "x-autorespond", "x-autoresponder", "x-autoreply-from", "x-auto-reply-from"})
    if (header.first(name) != nullptr) return true;
  const std::string precedence = text_of(header, "precedence");
  if (precedence == "auto_reply" || precedence == "auto-reply") return true;
  const std::string subject = text_of(header, "subject");
  const bool answer = subject.starts_with("re:") || subject.starts_with("fw");
  return !answer && std::ranges::any_of(kAutoReplySubjects, [&](std::string_view word) {
    return subject.starts_with(word);
  });
}

}  // namespace ph::message
