// Lines of a text around something encoded, whatever ends them: CRLF, LF, CR.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ph::codec {

/// Of a line, where lines are looked at one by one; the rest of a longer one is passed over. Those
/// of uuencode have 61, of yEnc's heads some hundred.
inline constexpr std::size_t kTextLineKeptOctetsMax = 1024;

struct TextLine {
  std::string_view text;  // without its end, at most kTextLineKeptOctetsMax
  std::uint64_t offset;   // of its first octet
  bool cut;               // it is longer
};

/// Puts lines together that come in any split.
class TextLines {
 public:
  /// Takes octets from the front of `octets`, which stand at `offset` (it grows as they go): a line
  /// with its end, or all of them if none ends there. The line aliases `octets` or this object, and
  /// lives until the next call. O(octets taken).
  std::optional<TextLine> next(std::string_view& octets, std::uint64_t& offset);
  /// A last line without an end. Ready for another text.
  std::optional<TextLine> last();

 private:
  std::string held_, returned_;
  std::uint64_t begun_at_ = 0;  // offset of what is held
  bool holding_ = false, cut_ = false, cr_ = false;
};

/// The line at `at` of a text in memory, and where the next begins (text.size() if none does).
struct LineAt {
  std::string_view text;
  std::size_t next;
};
LineAt line_at(std::string_view text, std::size_t at);

}  // namespace ph::codec
