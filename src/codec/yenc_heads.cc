#include "codec/yenc_heads.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>
#include <vector>

#include "base/ascii.h"

namespace ph::codec {
namespace {

/// What stands behind " key=", up to the next blank. Names come last and may have blanks: they are
/// cut off before.
std::string_view value_of(std::string_view line, std::string_view key) {
  while (!line.empty()) {
    line = trimmed(line);
    const std::string_view word = line.substr(0, line.find(' '));
    if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=')
      return word.substr(key.size() + 1);
    line.remove_prefix(word.size());
  }
  return {};
}

template <class Number>
std::optional<Number> number_of(std::string_view line, std::string_view key, int base = 10) {
  const std::string_view text = value_of(line, key);
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool take_word(std::string_view& line, std::string_view word) {
  if (!line.starts_with(word) || (line.size() > word.size() && line[word.size()] != ' '))
    return false;
  line.remove_prefix(word.size());
  return true;
}

}  // namespace

std::optional<YencPart> parse_yenc_begin(std::string_view line) {
  if (!take_word(line, "=ybegin")) return std::nullopt;
  constexpr std::string_view kName = " name=";
  const std::size_t at = line.find(kName);
  if (at == line.npos) return std::nullopt;
  YencPart part;
  part.name = trimmed(line.substr(at + kName.size()));
  line = line.substr(0, at);
  const auto octets = number_of<std::uint64_t>(line, "size");
  if (!octets) return std::nullopt;
  part.file_octets = part.end = *octets;
  part.part = number_of<std::uint64_t>(line, "part").value_or(0);
  part.total = number_of<std::uint64_t>(line, "total").value_or(0);
  part.line_octets = number_of<std::size_t>(line, "line").value_or(part.line_octets);
  return part;
}

std::optional<YencPlace> parse_yenc_place(std::string_view line) {
  if (!take_word(line, "=ypart")) return std::nullopt;
  const auto begin = number_of<std::uint64_t>(line, "begin");
  const auto end = number_of<std::uint64_t>(line, "end");
  if (!begin || !end || *begin == 0 || *end < *begin - 1) return std::nullopt;
  return YencPlace{*begin - 1, *end};
}

std::optional<YencEnd> parse_yenc_end(std::string_view line) {
  if (!take_word(line, "=yend")) return std::nullopt;
  return YencEnd{number_of<std::uint64_t>(line, "size"), number_of<std::uint64_t>(line, "part"),
                 number_of<std::uint32_t>(line, "crc32", 16),
                 number_of<std::uint32_t>(line, "pcrc32", 16)};
}

YencCheck check_yenc_parts(std::span<const YencPart> parts) {
  if (parts.empty()) return {YencParts::missing, 0};
  const YencPart& one = parts.front();
  std::vector<YencPlace> places;
  for (const YencPart& part : parts) {
    if (part.name != one.name || part.file_octets != one.file_octets)
      return {YencParts::conflicting, 0};
    places.push_back({part.begin, part.end});
  }
  std::ranges::sort(places, {}, &YencPlace::begin);
  std::uint64_t known = 0;
  for (const YencPlace& place : places)
    if (place.begin <= known) known = std::max(known, place.end);
  if (known < one.file_octets) return {YencParts::missing, known};
  return {YencParts::complete, 0};
}

std::optional<YencFound> find_yenc(std::string_view text) {
  std::optional<YencFound> found;
  for (std::size_t at = 0; at < text.size();) {
    // Data may be long lines: only what begins with "=y" is looked at.
    const LineAt line = line_at(text, at);
    if (line.text.starts_with("=y")) {
      auto part = parse_yenc_begin(line.text.substr(0, kTextLineKeptOctetsMax));
      if (found && part) {
        found->end = at;
        return found;
      }
      if (part) found = {at, text.size(), *std::move(part), false};
      if (found && parse_yenc_end(line.text)) {
        found->end = line.next;
        found->whole = true;
        return found;
      }
      if (const auto place = parse_yenc_place(line.text); found && place) {
        found->part.begin = place->begin;
        found->part.end = place->end;
      }
    }
    at = line.next;
  }
  return found;
}

}  // namespace ph::codec
