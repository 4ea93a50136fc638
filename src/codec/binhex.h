// BinHex 4.0: a Macintosh file, both its forks, as lines of printable characters. RFC 1741 appendix
// A.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/run_stream.h"

namespace ph::codec {

inline constexpr std::size_t kBinHexNameOctetsMax = 63;
/// Of a data fork that is encoded: all of it is held until finish(), as its length and checksums
/// stand before it.
inline constexpr std::size_t kBinHexForkOctetsMax = 256 << 20;

/// A file is two files on a Macintosh; elsewhere the data fork is what is meant by the file.
enum class BinHexFork : std::uint8_t { data, resource };

/// What stands before the forks. Texts are octets in a charset that is not said (Mac OS Roman,
/// mostly), and not to be trusted.
struct BinHexHeader {
  std::string name, type, creator;  // type and creator have 4 octets
  std::uint16_t flags = 0;
  std::uint32_t data_octets = 0, resource_octets = 0;
  bool operator==(const BinHexHeader&) const = default;
};

/// Decodes the first file in a text.
///
///   in      with the line "(This file must be converted with BinHex 4.0)" before it or without;
///           then, at the beginning of a line, ":" and at least 16 characters. Lines of any length
///   out     the fork asked for. Text before the file and behind it is passed over
///   faults  no file; a character that is none: left out; a repetition of nothing; a name without
///           or with more than 63 octets; a checksum of header or fork that is not that of what
///           came; the file's end before that of its forks; no ":" at the end
///   cost    O(octets in and out); up to 95 octets out for each in. Memory: a header
class BinHexDecoder final : public RunStream {
 public:
  explicit BinHexDecoder(BinHexFork wanted = BinHexFork::data) : wanted_(wanted) {}
  /// Of the run under way, and after finish() of the one that ended; known once it is whole.
  const std::optional<BinHexHeader>& header() const { return state_.header; }
  std::vector<Fact> facts() const override;
  bool ended() const { return state_.at == At::behind; }  // the last ":" was there

 private:
  enum class At : std::uint8_t { line_start, line, colon, body, behind };
  enum class Part : std::uint8_t {
    header,
    header_crc,
    data,
    data_crc,
    resource,
    resource_crc,
    none
  };
  struct State {
    At at = At::line_start;
    bool announced = false;            // the line that says what follows was there
    std::size_t announced_octets = 0;  // of that line, so far
    std::string held;                  // what may be the first characters of a file, or a header
    std::uint32_t bits = 0;
    unsigned bit_count = 0;
    bool marker = false;       // a repetition count follows
    std::optional<char> last;  // the octet that is repeated
    Part part = Part::header;
    std::uint64_t left = 0;  // octets of this part that are still to come
    std::uint16_t crc = 0;   // of the part before a checksum, then what that leaves of it
    std::optional<BinHexHeader> header;
  };

  void start() override { state_ = {}; }
  void take(std::string_view octets, std::string& out) override;
  void end(std::string& out) override;
  void look_for_file(char c);
  void look_behind_colon(char c, std::uint64_t at, std::string& out);
  void take_character(char c, std::uint64_t at, std::string& out);
  std::size_t take_groups(std::string_view text, std::string& out);
  void take_coded(char c, std::uint64_t at, std::string& out);
  void put(char c, std::size_t times, std::uint64_t at, std::string& out);
  void put_header(char c, std::uint64_t at);
  void next_part(std::uint64_t at);
  void end_of_file(std::uint64_t at);

  BinHexFork wanted_;
  State state_;
};

/// A file to encode; the data fork is what is fed.
struct BinHexFile {
  std::string name;                             // cut at 63 octets; none is "untitled"
  std::string type = "????", creator = "????";  // cut, or filled up, to 4 octets
  std::uint16_t flags = 0;
  std::string resource;
};

/// Encodes a file, in lines of 64 characters that end in CRLF.
///
///   out     all of it in finish()
///   faults  more than kBinHexForkOctetsMax: left out
class BinHexEncoder final : public RunStream {
 public:
  explicit BinHexEncoder(BinHexFile file) : file_(std::move(file)) {}

 private:
  void start() override { held_.clear(); }
  void take(std::string_view octets, std::string& out) override;
  void end(std::string& out) override;

  BinHexFile file_;
  std::string held_;
};

/// A file found in a text: text[begin, end) is all of it, with the line that announces it.
struct BinHexFound {
  std::size_t begin, end;
  std::string name;
  bool whole;  // the last ":" is there
};
/// The first file in `text`: announced, or a line that begins with ":" and has a right header.
/// O(text) for all together, if the next search is in what follows the one found.
std::optional<BinHexFound> find_binhex(std::string_view text);

}  // namespace ph::codec
