#include "message/content_type.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"

namespace ph::message {
namespace {

constexpr int kCommentDepthMax = 16;

bool is_blank(char c) { return is_space(c) || c == '\r' || c == '\n'; }

bool is_token(char c) {  // RFC 2045 §5.1
  return c > ' ' && c <= '~' && !std::string_view("()<>@,;:\\\"/[]?=").contains(c);
}

void skip_comments(std::string_view& text) {
  int depth = 0;
  while (!text.empty()) {
    const char c = text.front();
    if (c == '(' && depth < kCommentDepthMax) {
      ++depth;
    } else if (c == ')' && depth > 0) {
      --depth;
    } else if (c == '\\' && depth > 0 && text.size() > 1) {
      text.remove_prefix(1);
    } else if (depth == 0 && !is_blank(c)) {
      return;
    }
    text.remove_prefix(1);
  }
}

template <class Fits>
std::string_view take_run(std::string_view& text, Fits fits) {
  const auto end = std::ranges::find_if_not(text, fits) - text.begin();
  const std::string_view run = text.substr(0, static_cast<std::size_t>(end));
  text.remove_prefix(run.size());
  return run;
}

std::string_view take_token(std::string_view& text) {
  const std::string_view token = take_run(text, is_token);
  skip_comments(text);
  return token;
}

std::string take_value(std::string_view& text) {
  std::string value;
  if (!text.starts_with('"')) {
    value = take_run(text, [](char c) { return c != ';' && !is_blank(c); });
    skip_comments(text);
    return value;
  }
  text.remove_prefix(1);
  while (!text.empty() && text.front() != '"') {
    if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
    if (text.front() != '\r' && text.front() != '\n') value.push_back(text.front());
    text.remove_prefix(1);
  }
  if (!text.empty()) text.remove_prefix(1);
  skip_comments(text);
  return value;
}

}  // namespace

ContentType parse_content_type(std::string_view value) {
  ContentType out;
  skip_comments(value);
  const std::string_view type = take_token(value);
  if (type.empty() || !value.starts_with('/')) return out;
  value.remove_prefix(1);
  skip_comments(value);
  const std::string_view subtype = take_token(value);
  if (subtype.empty()) return out;
  out.type = ascii_lower(type);
  out.subtype = ascii_lower(subtype);

  bool found = false;
  while (!value.empty()) {
    if (value.front() != ';') {  // no parameter begins here: look for the next
      value.remove_prefix(1);
      continue;
    }
    value.remove_prefix(1);
    skip_comments(value);
    const std::string_view name = take_token(value);
    if (!value.starts_with('=')) continue;
    value.remove_prefix(1);
    skip_comments(value);
    std::string parameter = take_value(value);
    if (found || !same_ascii(name, "boundary")) continue;
    found = true;
    while (!parameter.empty() && is_space(parameter.back())) parameter.pop_back();
    if (parameter.size() <= kBoundaryOctetsMax) out.boundary = std::move(parameter);
  }
  return out;
}

TransferEncoding parse_transfer_encoding(std::string_view value) {
  using enum TransferEncoding;
  constexpr auto names = std::to_array<std::pair<std::string_view, TransferEncoding>>(
      {{"", seven_bit},
       {"7bit", seven_bit},
       {"7-bit", seven_bit},
       {"8bit", eight_bit},
       {"8-bit", eight_bit},
       {"binary", binary},
       {"quoted-printable", quoted_printable},
       {"base64", base64}});
  skip_comments(value);
  const std::string_view token = take_token(value);
  if (!value.empty()) return other;
  for (const auto& [name, encoding] : names)
    if (same_ascii(name, token)) return encoding;
  return other;
}

}  // namespace ph::message
