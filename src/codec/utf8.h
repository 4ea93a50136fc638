// UTF-8 as such: what is valid, one character at a time, and one character written. RFC 3629 §3,
// §4.
#pragma once

#include <array>
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

/// Characters out of octets in any split.
class Utf8Reader {
 public:
  /// put(point, offset) for each character, and with kMalformed for each sequence that is none.
  static constexpr char32_t kMalformed = 0xffffffff;
  template <class Put>
  void feed(std::string_view octets, const Put& put) {
    while (!octets.empty()) {
      if (held_octets_ == 0) {
        const Utf8Head head = utf8_head(octets);
        if (head.is == Utf8Head::Is::incomplete) {
          for (const char c : octets) held_[held_octets_++] = c;
          offset_ += octets.size();
          return;
        }
        put(head.is == Utf8Head::Is::character ? head.point : kMalformed, offset_);
        offset_ += head.octets;
        octets.remove_prefix(head.octets);
        continue;
      }
      held_[held_octets_] = octets.front();
      const Utf8Head head = utf8_head({held_.data(), held_octets_ + std::size_t{1}});
      const std::uint64_t from = offset_ - held_octets_;
      if (head.is == Utf8Head::Is::malformed) {  // without the octet just looked at
        held_octets_ = 0;
        put(kMalformed, from);
        continue;
      }
      ++held_octets_;
      ++offset_;
      octets.remove_prefix(1);
      if (head.is != Utf8Head::Is::character) continue;
      held_octets_ = 0;
      put(head.point, from);
    }
  }
  /// No octets follow; the next ones begin anew, at offset 0.
  template <class Put>
  void finish(const Put& put) {
    if (held_octets_ > 0) put(kMalformed, offset_ - held_octets_);
    *this = Utf8Reader();
  }

 private:
  std::array<char, 4> held_{};
  std::uint8_t held_octets_ = 0;
  std::uint64_t offset_ = 0;
};

/// Appends a character; `point` is a Unicode scalar value.
void append_utf8(char32_t point, std::string& out);

}  // namespace ph::codec
