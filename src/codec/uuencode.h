// uuencode: a file as lines of printable characters between "begin" and "end", older than MIME and
// still found inside plain text; and its younger form with base64. POSIX.1-2017, uuencode.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "codec/base64.h"
#include "codec/run_stream.h"
#include "codec/text_lines.h"

namespace ph::codec {

inline constexpr std::size_t kUuLineOctets = 45;      // what an encoder puts on a line
inline constexpr std::size_t kUuNameOctetsMax = 255;  // of a name that is written

/// What a "begin" line says.
struct UuFile {
  std::string name;           // as it stands there; it may be a path, and is not to be trusted
  std::uint32_t mode = 0644;  // rights, octal
  bool base64 = false;        // "begin-base64": POSIX's second form
  bool operator==(const UuFile&) const = default;
};

/// Decodes the first file in a text.
///
///   out     that file's octets. Text before "begin" and behind "end" is passed over
///   faults  no "begin"; no "end"; a line with fewer characters than it says (taken as if zeros
///           followed: transports drop blanks, which stand for zeros) or more (left out: some
///           encoders put a checksum there); a character that is none (its lower 6 bits taken); a
///           line that says no length, an empty one before others, one over
///           kTextLineKeptOctetsMax: left out. In base64 what Base64Decoder says
class UuDecoder final : public RunStream {
 public:
  /// Of the run under way, and after finish() of the one that ended: what "begin" said, if anything
  /// did, and whether "end" was there.
  const std::optional<UuFile>& file() const { return file_; }
  bool ended() const { return ended_; }

 private:
  void start() override;
  void take(std::string_view octets, std::string& out) override;
  void end(std::string& out) override;
  void take_line(const TextLine& line, std::string& out);
  void take_data(const TextLine& line, std::string& out);

  TextLines lines_;
  Base64Body base64_;
  std::optional<UuFile> file_;
  std::optional<std::uint64_t> empty_line_at_;
  bool ended_ = false;
};

/// Encodes one file, in lines that end in CRLF, zeros as backquotes. No faults. Of the name, what
/// would break the line becomes "_", and none "-"; it is cut at kUuNameOctetsMax.
class UuEncoder final : public RunStream {
 public:
  explicit UuEncoder(UuFile file) : file_(std::move(file)) {}

 private:
  void start() override;
  void take(std::string_view octets, std::string& out) override;
  void end(std::string& out) override;
  void put_begin(std::string& out);

  UuFile file_;
  Base64Encoder base64_;
  std::array<char, kUuLineOctets> held_{};
  std::size_t held_octets_ = 0;
  bool begun_ = false, any_ = false;  // "begin" is written; an octet came in
};

/// A file found in a text: text[begin, end) is all of it, from "begin" to the end of the "end"
/// line.
struct UuFound {
  std::size_t begin, end;
  UuFile file;
  bool whole;  // "end" is there
};

/// The first file in `text` that looks like one: "begin" with a mode and a name, and behind it a
/// line that says the length it has. It ends with "end", or before another "begin", or where more
/// than three lines in a row are not of a file. O(text) for all files together, if the next search
/// is in what follows the one found.
std::optional<UuFound> find_uuencoded(std::string_view text);

}  // namespace ph::codec
