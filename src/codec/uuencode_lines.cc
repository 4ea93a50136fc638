#include "codec/uuencode_lines.h"

#include <algorithm>

#include "base/ascii.h"
#include "codec/base64_alphabet.h"

namespace ph::codec {
namespace {

/// Lines in a row that are not of the file, and yet do not end it: something was put between.
constexpr int kStrangeLinesMax = 3;

std::string_view right_trimmed(std::string_view line) {
  while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
  return line;
}

bool is_base64_line(std::string_view line) {
  return !line.empty() && std::ranges::all_of(line, [](char c) {
    return c == '=' || kBase64Values[static_cast<unsigned char>(c)] != kNotInAlphabet;
  });
}

/// `first`: then it must have what it says, too; of a full line half, as blanks may have been
/// dropped.
bool looks_like_data(std::string_view line, bool first, bool base64) {
  line = right_trimmed(line);
  if (base64) return is_base64_line(line);
  if (!std::ranges::all_of(line, is_uu_character)) return false;
  const std::size_t octets = line.empty() ? 0 : uu_value(line[0]);
  if (octets == 0) return line.size() <= 1;
  const std::size_t characters = uu_characters(octets);
  const std::size_t least = line[0] == 'M' ? characters / 2 : (octets * 8 + 5) / 6;
  return line.size() <= characters + 3 && (!first || line.size() > least);
}

/// From the line at `at`, which is "begin".
std::optional<UuFound> found_at(std::string_view text, std::size_t at, UuFile file) {
  UuFound found = {at, 0, std::move(file), false};
  const bool base64 = found.file.base64;
  at = line_at(text, at).next;
  int strange = 0;
  for (bool first = true; at < text.size(); first = false) {
    const LineAt line = line_at(text, at);
    if (is_uu_end(line.text, base64)) {
      found.end = line.next;
      found.whole = true;
      return found;
    }
    if (looks_like_data(line.text, first, base64)) {
      found.end = line.next;
      strange = 0;
    } else if (first) {
      return std::nullopt;
    } else if (++strange > kStrangeLinesMax || parse_uu_begin(line.text)) {
      break;
    }
    at = line.next;
  }
  if (found.end == 0) return std::nullopt;
  return found;
}

}  // namespace

std::optional<UuFile> parse_uu_begin(std::string_view line) {
  if (!line.starts_with("begin")) return std::nullopt;
  line.remove_prefix(5);
  UuFile file;
  if (line.starts_with("-base64")) {
    file.base64 = true;
    line.remove_prefix(7);
  }
  if (!line.starts_with(' ')) return std::nullopt;
  line = trimmed(line);
  std::size_t digits = 0;
  file.mode = 0;
  for (; digits < line.size() && line[digits] >= '0' && line[digits] <= '7' && digits < 6; ++digits)
    file.mode = file.mode * 8 + static_cast<std::uint32_t>(line[digits] - '0');
  if (digits < 3 || digits == line.size() || line[digits] != ' ') return std::nullopt;
  file.name = trimmed(line.substr(digits));
  return file;
}

bool is_uu_end(std::string_view line, bool base64) {
  return right_trimmed(line) == (base64 ? "====" : "end");
}

std::optional<UuFound> find_uuencoded(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const LineAt line = line_at(text, at);
    if (auto file = parse_uu_begin(line.text))
      if (auto found = found_at(text, at, *std::move(file))) return found;
    at = line.next;
  }
  return std::nullopt;
}

}  // namespace ph::codec
