#include "codec/utf8.h"

#include <cstring>

namespace ph::codec {
namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080U;

std::uint8_t octet(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(text[i]);
}

/// What the second octet of a character may be depends on the first: shortest form, surrogates.
struct Lead {
  std::uint8_t octets;  // 0: begins no character
  std::uint8_t second_min, second_max;
};

constexpr Lead lead(std::uint8_t first) {
  if (first < 0xc2) return {0, 0, 0};
  if (first < 0xe0) return {2, 0x80, 0xbf};
  if (first == 0xe0) return {3, 0xa0, 0xbf};
  if (first == 0xed) return {3, 0x80, 0x9f};
  if (first < 0xf0) return {3, 0x80, 0xbf};
  if (first == 0xf0) return {4, 0x90, 0xbf};
  if (first < 0xf4) return {4, 0x80, 0xbf};
  if (first == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

}  // namespace

std::size_t ascii_prefix(std::string_view text) {
  std::size_t i = 0;
  for (; i + 64 <= text.size(); i += 64) {
    std::uint64_t word[8];
    std::memcpy(word, text.data() + i, sizeof word);
    std::uint64_t any = 0;
    for (const std::uint64_t w : word) any |= w;
    if ((any & kHighBits) != 0) break;
  }
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + i, sizeof word);
    if ((word & kHighBits) != 0) break;
  }
  while (i < text.size() && octet(text, i) < 0x80) ++i;
  return i;
}

Utf8Head utf8_head(std::string_view text) {
  using Is = Utf8Head::Is;
  const std::uint8_t first = octet(text, 0);
  if (first < 0x80) return {Is::character, 1, first};
  const Lead is = lead(first);
  if (is.octets == 0) return {Is::malformed, 1, 0};
  char32_t point = first & (0x7fU >> is.octets);
  for (std::uint8_t i = 1; i < is.octets; ++i) {
    if (i == text.size()) return {Is::incomplete, i, 0};
    const std::uint8_t next = octet(text, i);
    const bool fits =
        i == 1 ? next >= is.second_min && next <= is.second_max : (next & 0xc0) == 0x80;
    if (!fits) return {Is::malformed, i, 0};
    point = point << 6 | (next & 0x3fU);
  }
  return {Is::character, is.octets, point};
}

std::size_t utf8_prefix(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const std::size_t octets = text.size();
  const auto continues = [](unsigned char c) { return (c & 0xc0) == 0x80; };
  std::size_t i = 0;
  while (i < octets) {
    const unsigned char first = at[i];
    if (first < 0x80) {
      i += i + 1 < octets && at[i + 1] < 0x80 ? ascii_prefix(text.substr(i)) : 1;
    } else if (first >= 0xc2 && first < 0xe0 && i + 1 < octets && continues(at[i + 1])) {
      i += 2;
    } else if (first > 0xe0 && first < 0xf0 && first != 0xed && i + 2 < octets &&
               continues(at[i + 1]) && continues(at[i + 2])) {
      i += 3;
    } else {  // whose second octet has limits of its own; or none
      const Utf8Head head = utf8_head(text.substr(i, 4));
      if (head.is != Utf8Head::Is::character) break;
      i += head.octets;
    }
  }
  return i;
}

void append_utf8(char32_t point, std::string& out) {
  const auto tail = [point](unsigned shift) {
    return static_cast<char>(0x80U | ((point >> shift) & 0x3fU));
  };
  if (point < 0x80) {
    out.push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out.append({static_cast<char>(0xc0U | point >> 6), tail(0)});
  } else if (point < 0x10000) {
    out.append({static_cast<char>(0xe0U | point >> 12), tail(6), tail(0)});
  } else {
    out.append({static_cast<char>(0xf0U | point >> 18), tail(12), tail(6), tail(0)});
  }
}

}  // namespace ph::codec
