#include <algorithm>

#include "base/ascii.h"
#include "codec/binhex.h"
#include "codec/binhex_alphabet.h"
#include "codec/text_lines.h"

namespace ph::codec {
namespace {

/// Lines in a row that are not of the file, and yet do not end it: something was put between.
constexpr int kStrangeLinesMax = 3;
/// Characters that are more than a checksum behind the header.
constexpr int kBehindHeaderCharacters = 8;

bool is_announcement(std::string_view line) {
  return same_ascii(trimmed(line).substr(0, kBinHexAnnouncement.size()), kBinHexAnnouncement);
}

/// The header of the file that begins with the ":" in front of `text`, if it is right; and its name
/// as far as it is known.
struct Look {
  bool right = false;
  std::string name;
};
Look look_at(std::string_view text) {
  BinHexDecoder decoder;
  std::string ignored;
  decoder.feed(kBinHexAnnouncement, ignored);
  decoder.feed("\n", ignored);
  int behind = 0;
  for (const char& c : text) {
    decoder.feed({&c, 1}, ignored);
    if (decoder.ended() || decoder.faults().count() > 0) break;
    if (decoder.header() && is_binhex_character(c) && ++behind == kBehindHeaderCharacters) break;
  }
  if (!decoder.header()) return {};
  // A short file ends right behind its header; what is wrong with it then is not the header.
  const bool right = decoder.faults().count() == 0 || decoder.ended();
  return {right, decoder.header()->name};
}

/// From the line at `at`, which begins with ":".
BinHexFound found_at(std::string_view text, std::size_t begin, std::size_t at, std::string name) {
  BinHexFound found = {begin, 0, std::move(name), false};
  int strange = 0;
  for (bool first = true; at < text.size(); first = false) {
    const LineAt line = line_at(text, at);
    const std::string_view coded = trimmed(line.text).substr(first ? 1 : 0);
    const auto bad = std::ranges::find_if_not(coded, is_binhex_character);
    if (bad != coded.end() && *bad == ':') {
      found.end = line.next;
      found.whole = true;
      return found;
    }
    if (bad == coded.end()) {
      if (first || !coded.empty()) found.end = line.next;
      strange = 0;
    } else if (++strange > kStrangeLinesMax || is_announcement(line.text)) {
      break;
    }
    at = line.next;
  }
  if (found.end == 0) found.end = std::min(at, text.size());
  return found;
}

}  // namespace

std::optional<BinHexFound> find_binhex(std::string_view text) {
  std::optional<std::size_t> announced_at;
  int between = 0;  // lines that say something, since
  for (std::size_t at = 0; at < text.size();) {
    const LineAt line = line_at(text, at);
    const std::string_view shown = trimmed(line.text);
    if (is_announcement(line.text)) {
      announced_at = at;
      between = 0;
    } else if (shown.starts_with(':')) {
      Look look = look_at(text.substr(text.find(':', at)));
      if (look.right || announced_at)
        return found_at(text, announced_at.value_or(at), at, std::move(look.name));
    } else if (!shown.empty() && ++between > kStrangeLinesMax) {
      announced_at.reset();
    }
    at = line.next;
  }
  return std::nullopt;
}

}  // namespace ph::codec
