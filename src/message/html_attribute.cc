#include "message/html_attribute.h"

#include <cstddef>

#include "base/ascii.h"
#include "message/html_entities.h"

namespace ph::message {
namespace {

void skip_blanks(std::string_view& text) {
  while (!text.empty() && is_html_blank(text.front())) text.remove_prefix(1);
}

std::string_view take_value(std::string_view& text) {
  const bool is_quoted = text.starts_with('"') || text.starts_with('\'');
  std::size_t end = is_quoted ? text.find(text.front(), 1) : text.npos;
  if (end != text.npos) {
    const std::string_view value = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    return value;
  }
  end = 0;
  while (end < text.size() && !is_html_blank(text[end])) ++end;
  std::string_view value = text.substr(0, end);
  text.remove_prefix(end);
  if (is_quoted) value.remove_prefix(1);  // never closed
  return value;
}

}  // namespace

std::string html_attribute(std::string_view attributes, std::string_view name) {
  std::string_view text = attributes;
  while (!text.empty()) {
    while (!text.empty() && (is_html_blank(text.front()) || text.front() == '/'))
      text.remove_prefix(1);
    std::size_t end = 0;
    while (end < text.size() && !is_html_blank(text[end]) && text[end] != '=') ++end;
    const std::string_view found = text.substr(0, end);
    text.remove_prefix(end);
    skip_blanks(text);
    if (!text.starts_with('=')) continue;
    text.remove_prefix(1);
    skip_blanks(text);
    const std::string_view value = take_value(text);
    if (same_ascii(found, name)) return decode_html_entities(value, HtmlPlace::attribute);
  }
  return {};
}

}  // namespace ph::message
