// yEnc: binary in news and mail, nearly octet for octet, whole or in numbered parts.
// http://www.yenc.org/yenc-draft.1.3.txt
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/run_stream.h"
#include "codec/text_lines.h"

namespace ph::codec {

/// Of a part that is encoded: all of it is held until finish(), as its size stands before it.
inline constexpr std::size_t kYencPartOctetsMax = 256 << 20;

/// What the heads of a file, or of a part of one, say.
struct YencPart {
  std::string name;                  // as it stands there; not to be trusted
  std::uint64_t file_octets = 0;     // of the whole file
  std::uint64_t part = 0;            // 1 and up; 0: the file is in one piece
  std::uint64_t total = 0;           // parts that there are; 0: not said
  std::uint64_t begin = 0, end = 0;  // the octets of the file that are in it
  std::size_t line_octets = 128;
  std::optional<std::uint32_t> file_crc32;  // of the whole file, where the last line says it
  bool operator==(const YencPart&) const = default;
};

/// Decodes the first file, or part of one, in a text. Dots that a transport doubled are the
/// transport's to take away.
///
///   out     its octets. Text before "=ybegin" and behind "=yend" is passed over
///   faults  no "=ybegin"; no "=yend"; a part that does not say which octets it has; another number
///           of octets or another CRC-32 than is said (at "=yend"); "=" at the end of a line, a
///           head inside the data: left out. The length of lines is not checked
///   memory  kTextLineKeptOctetsMax
class YencDecoder final : public RunStream {
 public:
  /// Of the run under way, and after finish() of the one that ended.
  const std::optional<YencPart>& part() const { return part_; }
  std::vector<Fact> facts() const override;
  bool ended() const { return at_ == At::behind; }
  std::uint32_t crc32() const { return crc32_; }  // of what was decoded

 private:
  enum class At : std::uint8_t { before, line_start, line_equals, text, escape, head, behind };
  void start() override;
  void take(std::string_view octets, std::string& out) override;
  void end(std::string& out) override;
  void take_data(std::string_view& octets, std::uint64_t& at, std::string& out);
  std::size_t take_shifted(std::string_view octets, std::string& out);
  void take_one(char c, std::uint64_t at, std::string& out);
  void take_head(const TextLine& line);
  void take_end(std::string_view line, std::uint64_t at);

  At at_ = At::before;
  TextLines lines_;
  std::optional<YencPart> part_;
  bool placed_ = false;  // "=ypart" was there
  std::uint64_t equals_at_ = 0, decoded_octets_ = 0;
  std::uint32_t crc32_ = 0;
};

/// Encodes a file or a part of one, in lines that end in CRLF. Of `part` it takes the name (line
/// breaks in it become "_"; none is "-"), `line_octets` (1 to 997), and, where `part` is not 0,
/// `part`, `total`, `begin`, `file_octets` and `file_crc32`; the rest follows from what comes in.
///
///   out     all of it in finish()
///   faults  more than kYencPartOctetsMax: left out
class YencEncoder final : public RunStream {
 public:
  explicit YencEncoder(YencPart part) : part_(std::move(part)) {}

 private:
  void start() override { held_.clear(); }
  void take(std::string_view octets, std::string& out) override;
  void end(std::string& out) override;
  static void put_line(std::string_view& left, std::size_t line_octets, std::string& out);

  YencPart part_;
  std::string held_;
};

/// Whether parts make up a whole file.
enum class YencParts : std::uint8_t {
  complete,
  missing,      // octets, or everything: `parts` is empty
  conflicting,  // they are not of one file: another name or size
};
struct YencCheck {
  YencParts what;
  std::uint64_t missing_at = 0;  // the first octet of the file that no part has
};
/// In any order, twice the same among them or not. O(n log n).
YencCheck check_yenc_parts(std::span<const YencPart> parts);

/// A file or part found in a text: text[begin, end) is all of it, both heads with it.
struct YencFound {
  std::size_t begin, end;
  YencPart part;
  bool whole;  // "=yend" is there
};
/// The first in `text`; it ends with "=yend", before another "=ybegin", or with the text. O(text)
/// for all together, if the next search is in what follows the one found.
std::optional<YencFound> find_yenc(std::string_view text);

}  // namespace ph::codec
