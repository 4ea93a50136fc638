// Quoted-printable: octets as lines of 7-bit text that stay as readable as they were. RFC 2045
// §6.7.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "codec/quoted_printable_kernels.h"
#include "codec/run_stream.h"

namespace ph::codec {

inline constexpr std::size_t kQuotedPrintableLineOctetsMax = 76;  // without CRLF; RFC 2045 §6.7 (5)
/// White space that a decoder holds back until it knows whether it ends a line.
inline constexpr std::size_t kQuotedPrintableBlankOctetsMax = 998;

enum class QuotedPrintable : std::uint8_t {
  text,    // CRLF stays a line break; a CR or LF alone is escaped
  binary,  // CRLF is two octets like any others
};

/// Encodes a body. No faults.
///
///   out     lines of at most 76 octets, no CRLF behind the last unless the body ends with one; at
///           most 3 octets for each that came in, and a line break every 75
///
/// What is decoded from it is what came in, octet for octet. Beyond what RFC 2045 demands it
/// escapes what relays have been known to change: a lone "." as a line, "From " at the beginning of
/// a line (the blank), and "-" at the beginning of a line of its own making, which so cannot become
/// a boundary.
class QuotedPrintableEncoder final : public RunStream {
 public:
  explicit QuotedPrintableEncoder(QuotedPrintable flavour) : flavour_(flavour) {}

 private:
  void start() override {}
  void take(std::string_view octets, std::string& out) override;
  void end(std::string& out) override;
  void take_one(char c, std::string& out);
  void put_held(bool last_of_line, std::string& out);
  void put_line_break(std::string& out);

  QuotedPrintable flavour_;
  struct Line {
    bool holding = false, cr = false;
    char held = 0;           // an octet of which we do not know whether it ends its line
    std::size_t column = 0;  // octets on the line under way
    std::size_t from = 0;    // octets of "From" that the line under way is
    bool soft = false;       // the line under way began behind a soft line break
  };
  Line line_;
};

/// Decodes a body, and takes what it finds.
///
///   out     at most as many octets as came in. White space before a line end is dropped (RFC 2045
///           §6.7 (3)), unless there is more of it than kQuotedPrintableBlankOctetsMax; escapes in
///           lower case are taken; "=" as the last octet of all is a line break without its CRLF
///   faults  an escape that is none: stays as it is. A soft line break of "=" and LF: taken. An
///   octet
///           above 127, a control character, CR or LF alone: stays
///   cost    O(octets); bench/README.md has figures. Memory: kQuotedPrintableBlankOctetsMax
class QuotedPrintableDecoder final : public RunStream {
 public:
  QuotedPrintableDecoder();
  /// nullptr: octet by octet alone, as far as possible.
  explicit QuotedPrintableDecoder(QuotedPrintableKernel kernel) : kernel_(kernel) {}

 private:
  enum class At : std::uint8_t { text, text_cr, equals, equals_hex, equals_blank, equals_cr };
  void start() override;
  void take(std::string_view octets, std::string& out) override;
  void end(std::string& out) override;
  std::size_t take_text(std::string_view octets, std::uint64_t offset, std::string& out);
  void take_one(char c, std::uint64_t offset, std::string& out);
  void take_one_of_text(char c, std::uint64_t offset, std::string& out);
  void take_octet_that_should_be_escaped(char c, std::uint64_t offset);
  void put_bare_cr(std::string& out);
  void give_up_escape(std::string& out);

  QuotedPrintableKernel kernel_;
  At at_ = At::text;
  char hex_ = 0;                // the first digit of an escape
  std::uint64_t begun_at_ = 0;  // offset of the "=" under way
  std::uint64_t cr_at_ = 0;     // offset of a CR of which we do not know whether LF follows
  std::string blank_;           // white space that may end a line, or stands behind "="
};

/// True if quoted-printable has to escape this octet wherever it stands (CR and LF, too).
constexpr bool needs_quoted_printable_escape(char c) {
  return (c < ' ' && c != '\t') || c == '=' || c == 0x7f || static_cast<unsigned char>(c) > 0x7f;
}

}  // namespace ph::codec
