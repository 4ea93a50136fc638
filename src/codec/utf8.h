// UTF-8 as such: what is valid, one character at a time, and one character written. RFC 3629 §3,
// §4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ph::codec {

inline constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";  // U+FFFD

/// Octets of the longest run at the front of `text` that are ASCII. Some 16 octets a cycle.
std::size_t ascii_prefix(std::string_view text);

/// Octets of the longest run at the front of `text` that are whole characters of valid UTF-8:
/// shortest forms, no surrogates, at most U+10FFFF.
std::size_t utf8_prefix(std::string_view text);

inline bool is_ascii(std::string_view text) { return ascii_prefix(text) == text.size(); }
inline bool is_utf8(std::string_view text) { return utf8_prefix(text) == text.size(); }

/// The character that `text` begins with.
struct Utf8Head {
  enum class Is : std::uint8_t {
    character,
    malformed,   // `octets` of it can be no character, however it goes on
    incomplete,  // all of `text` is the beginning of a character
  };
  Is is;
  std::uint8_t octets;  // 1 to 4; of a malformed one as many as a U+FFFD stands for in practice:
                        // the longest beginning of a character, or one octet
  char32_t point;       // of a character
};

/// `text` must not be empty.
Utf8Head utf8_head(std::string_view text);

/// Appends a character; `point` is a Unicode scalar value.
void append_utf8(char32_t point, std::string& out);

}  // namespace ph::codec
