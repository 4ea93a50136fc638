#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "message/content.h"
#include "message/utf8.h"

namespace ph::message {
namespace {

/// Characters that change how a name looks without being seen: marks and overrides of the direction
/// of writing, zero-width ones, line separators. "gpj.exe" must not be shown as "exe.jpg".
bool is_deceiving(std::string_view c) {
  if (c.size() != 3 || (c[0] != '\xe2' && c[0] != '\xef')) return c.size() == 2 && c == "\xd8\x9c";
  if (c == "\xef\xbb\xbf") return true;
  if (c[0] != '\xe2') return false;
  const auto low = static_cast<unsigned char>(c[2]);
  if (c[1] == '\x80') return (low >= 0x8b && low <= 0x8f) || (low >= 0xa8 && low <= 0xae);
  return c[1] == '\x81' && low >= 0xa0 && low <= 0xaf;
}

std::string cleaned(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const char c = name.front();
    const std::size_t wide = utf8_character_octets(name);
    const std::string_view character = name.substr(0, std::max<std::size_t>(wide, 1));
    name.remove_prefix(character.size());
    if (wide > 0) {
      const bool is_c1 = character.size() == 2 && character[0] == '\xc2' && character[1] < '\xa0';
      if (!is_deceiving(character) && !is_c1) out += character;
    } else if (static_cast<unsigned char>(c) > 127) {
      out += '_';
    } else if (c < ' ' || c == 0x7f) {
      if (c == '\t') out += ' ';
    } else {
      out += std::string_view("<>:\"|?*").contains(c) ? '_' : c;
    }
  }
  return out;
}

/// Windows takes such a name for a device, with any extension.
bool is_device(std::string_view name) {
  name = trimmed(name.substr(0, name.find('.')));
  constexpr auto devices = std::to_array<std::string_view>({"con", "prn", "aux", "nul"});
  if (std::ranges::any_of(devices, [name](std::string_view d) { return same_ascii(d, name); }))
    return true;
  return name.size() == 4 && is_digit(name[3]) &&
         (same_ascii(name.substr(0, 3), "com") || same_ascii(name.substr(0, 3), "lpt"));
}

/// At a character's border.
std::string_view cut(std::string_view text, std::size_t octets) {
  if (text.size() <= octets) return text;
  while (octets > 0 && (static_cast<unsigned char>(text[octets]) & 0xc0) == 0x80) --octets;
  return text.substr(0, octets);
}

}  // namespace

std::string safe_file_name(std::string_view name) {
  while (name.ends_with('/') || name.ends_with('\\')) name.remove_suffix(1);
  name.remove_prefix(name.find_last_of("/\\") + 1);  // npos + 1 is 0
  std::string out = cleaned(name);
  while (!out.empty() && (is_space(out.back()) || out.back() == '.')) out.pop_back();
  out.erase(0, out.find_first_not_of(" \t"));
  if (out.starts_with('.')) out[0] = '_';
  if (is_device(out)) out.insert(0, 1, '_');
  if (out.size() <= kSafeNameOctetsMax) return out;
  const std::size_t dot = out.rfind('.');
  const std::string extension =
      dot == out.npos || out.size() - dot > 16 ? std::string() : out.substr(dot);
  out = cut(out, kSafeNameOctetsMax - extension.size());
  while (is_space(out.back()) || out.back() == '.') out.pop_back();
  return out + extension;
}

}  // namespace ph::message
