#include "message/html_charset.h"

#include <algorithm>
#include <optional>

#include "base/ascii.h"
#include "codec/charset.h"
#include "message/html_attribute.h"

namespace ph::message {
namespace {

/// Behind "charset=" in "text/html; charset=..."; "" when it is not there.
std::string_view charset_in(std::string_view content) {
  constexpr std::string_view kName = "charset";
  for (std::size_t at = 0; at + kName.size() < content.size(); ++at) {
    if (!same_ascii(content.substr(at, kName.size()), kName)) continue;
    std::string_view rest = content.substr(at + kName.size());
    while (!rest.empty() && is_html_blank(rest.front())) rest.remove_prefix(1);
    if (!rest.starts_with('=')) continue;
    rest.remove_prefix(1);
    while (!rest.empty() &&
           (is_html_blank(rest.front()) || rest.front() == '"' || rest.front() == '\''))
      rest.remove_prefix(1);
    const auto ends = [](char c) { return is_html_blank(c) || c == ';' || c == '"' || c == '\''; };
    return rest.substr(0,
                       static_cast<std::size_t>(std::ranges::find_if(rest, ends) - rest.begin()));
  }
  return {};
}

/// Behind the ">" of a tag whose name ends at `at`: not one in a quoted value. nullopt: not here.
std::optional<std::size_t> behind_tag(std::string_view html, std::size_t at) {
  char quote = '\0', before = ' ';
  for (; at < html.size(); ++at) {
    const char c = html[at];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '>') {
      return at + 1;
    } else if ((c == '"' || c == '\'') && before == '=') {
      quote = c;
    }
    if (!is_html_blank(c)) before = c;
  }
  return std::nullopt;
}

std::string charset_of_meta(std::string_view attributes) {
  std::string name = html_attribute(attributes, "charset");
  if (name.empty() && same_ascii(html_attribute(attributes, "http-equiv"), "content-type"))
    name = charset_in(html_attribute(attributes, "content"));
  const std::string_view known = codec::canonical_charset(name);
  return known.starts_with("utf-16") || known.starts_with("utf-32") ? "utf-8" : name;
}

}  // namespace

std::string html_charset(std::string_view octets) {
  const std::string_view html = octets.substr(0, kHtmlCharsetOctetsMax);
  for (std::size_t at = html.find('<'); at != html.npos; at = html.find('<', at)) {
    const std::string_view rest = html.substr(at);
    if (rest.starts_with("<!--")) {
      const std::size_t end = html.find("-->", at + 2);
      if (end == html.npos) return {};
      at = end + 3;
      continue;
    }
    const std::size_t name = rest.substr(1).starts_with('/') ? 2 : 1;
    if (rest.size() <= name || !is_alpha(rest[name])) {
      ++at;
      continue;
    }
    const std::optional<std::size_t> behind = behind_tag(html, at + name);
    if (!behind) return {};
    const bool is_meta =
        same_ascii(rest.substr(0, 5), "<meta") && (is_html_blank(rest[5]) || rest[5] == '/');
    if (is_meta) {
      std::string found = charset_of_meta(html.substr(at + 5, *behind - 1 - (at + 5)));
      if (!found.empty()) return found;
    }
    at = *behind;
  }
  return {};
}

}  // namespace ph::message
