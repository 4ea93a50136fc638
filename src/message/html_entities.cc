#include "message/html_entities.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/ascii.h"
#include "message/html_entity_names.h"

namespace ph::message {
namespace {

void append_utf8(char32_t c, std::string& out) {
  const auto put = [&out](char32_t octet) { out.push_back(static_cast<char>(octet)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | (c >> 6));
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3f));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

/// windows-1252's 0x80 to 0x9f: what authors meant by such numbers.
constexpr std::array<char32_t, 32> kWindows1252 = {
    0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021, 0x2c6,  0x2030, 0x160,
    0x2039, 0x152,  0x8d,   0x17d,  0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};

char32_t meant_character(char32_t number) {
  if (number >= 0x80 && number <= 0x9f) return kWindows1252[number - 0x80];
  const bool is_none = number == 0 || number > 0x10ffff || (number >= 0xd800 && number <= 0xdfff);
  return is_none ? 0xfffd : number;
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::size_t decode_number(std::string_view html, std::string& out) {
  const bool is_hex = html.size() > 2 && ascii_lower(html[2]) == 'x';
  const std::size_t begin = is_hex ? 3 : 2;
  const char32_t base = is_hex ? 16 : 10;
  std::size_t i = begin;
  char32_t number = 0;
  for (; i < std::min(html.size(), kHtmlEntityOctetsMax); ++i) {
    const int digit = hex_value(html[i]);
    if (digit < 0 || digit >= static_cast<int>(base)) break;
    number = std::min<char32_t>(number * base + static_cast<char32_t>(digit), 0x110000);
  }
  if (i == begin) return 0;
  append_utf8(meant_character(number), out);
  return i < html.size() && html[i] == ';' ? i + 1 : i;
}

const HtmlEntityName* find_name(std::string_view name) {
  const auto found = std::ranges::lower_bound(kHtmlEntityNames, name, {}, &HtmlEntityName::name);
  return found != kHtmlEntityNames.end() && found->name == name ? &*found : nullptr;
}

}  // namespace

std::size_t decode_html_entity(std::string_view html, HtmlPlace place, std::string& out) {
  if (html.size() < 3 || html[0] != '&') return 0;
  if (html[1] == '#') return decode_number(html, out);
  html = html.substr(0, kHtmlEntityOctetsMax);
  std::size_t end = 1;
  while (end < html.size() && (is_alpha(html[end]) || is_digit(html[end]))) ++end;
  const bool is_ended = end < html.size() && html[end] == ';';
  if (const auto* entity = find_name(html.substr(1, end - 1))) {
    const bool in_url = place == HtmlPlace::attribute && end < html.size() && html[end] == '=';
    if (!is_ended && (!entity->is_old || in_url)) return 0;
    append_utf8(entity->character, out);
    return end + (is_ended ? 1 : 0);
  }
  if (place == HtmlPlace::attribute) return 0;
  for (std::size_t octets = std::min<std::size_t>(end, 8); octets > 2; --octets) {
    const auto* entity = find_name(html.substr(1, octets - 1));  // "&ampfoo"
    if (entity == nullptr || !entity->is_old) continue;
    append_utf8(entity->character, out);
    return octets;
  }
  return 0;
}

std::string decode_html_entities(std::string_view html, HtmlPlace place) {
  std::string out;
  while (!html.empty()) {
    const std::size_t amp = std::min(html.find('&'), html.size());
    out += html.substr(0, amp);
    html.remove_prefix(amp);
    if (html.empty()) break;
    const std::size_t octets = decode_html_entity(html, place, out);
    if (octets == 0) out.push_back('&');
    html.remove_prefix(std::max<std::size_t>(octets, 1));
  }
  return out;
}

}  // namespace ph::message
