// Quoted-printable: octets as lines of 7-bit text that stay as readable as they were. RFC 2045
// §6.7.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ph::codec {

inline constexpr std::size_t kQuotedPrintableLineOctetsMax = 76;  // without CRLF; RFC 2045 §6.7 (5)
/// White space that a decoder holds back until it knows whether it ends a line.
inline constexpr std::size_t kQuotedPrintableBlankOctetsMax = 998;

enum class QuotedPrintable : std::uint8_t {
  text,    // CRLF stays a line break; a CR or LF alone is escaped
  binary,  // CRLF is two octets like any others
};

/// Encodes one body.
///
///   encode  the next octets, in any split; appends to `out` at most 3 octets for each and a line
///           break every 75
///   finish  no octets follow: appends what was held back; ready for the next body
///   out     lines of at most 76 octets, no CRLF behind the last unless the body ends with one
///
/// decode(encode(x)) is x, octet for octet. Beyond what RFC 2045 demands it escapes what relays
/// have been known to change: a lone "." as a line, "From " at the beginning of a line (the blank),
/// and "-" at the beginning of a line of its own making, which so cannot become a boundary.
class QuotedPrintableEncoder {
 public:
  explicit QuotedPrintableEncoder(QuotedPrintable flavour) : flavour_(flavour) {}
  void encode(std::string_view octets, std::string& out);
  void finish(std::string& out);

 private:
  void take(char c, std::string& out);
  void put_held(bool last_of_line, std::string& out);
  void put_line_break(std::string& out);

  QuotedPrintable flavour_;
  bool holding_ = false, cr_ = false;
  char held_ = 0;           // an octet of which we do not know whether it ends its line
  std::size_t column_ = 0;  // octets on the line under way
  std::size_t from_ = 0;    // octets of "From" that the line under way is
  bool soft_ = false;       // the line under way began behind a soft line break
};

/// Decodes one body, and takes what it finds: broken escapes stay as they are.
///
///   decode  the next octets, in any split; appends to `out` at most as many as came in so far
///   finish  no octets follow: appends what was held back; malformed() stays
///   cost    O(octets); memory: kQuotedPrintableBlankOctetsMax
///
/// White space before a line end is dropped (RFC 2045 §6.7 (3)), unless there is more of it than
/// kQuotedPrintableBlankOctetsMax; escapes in lower case are taken; "=" as the last octet of all
/// is a line break without its CRLF.
class QuotedPrintableDecoder {
 public:
  void decode(std::string_view octets, std::string& out);
  void finish(std::string& out);
  /// Escapes that are none, octets above 127, control characters, CR or LF alone.
  std::uint64_t malformed() const { return malformed_; }

 private:
  enum class At : std::uint8_t { text, text_cr, equals, equals_hex, equals_blank, equals_cr };
  void take(char c, std::string& out);
  void take_text(char c, std::string& out);
  void put_bare_cr(std::string& out);
  void give_up_escape(std::string& out);

  At at_ = At::text;
  char hex_ = 0;       // the first digit of an escape
  std::string blank_;  // white space that may end a line, or stands behind "="
  std::uint64_t malformed_ = 0;
};

/// True if quoted-printable has to escape this octet wherever it stands (CR and LF, too).
constexpr bool needs_quoted_printable_escape(char c) {
  return (c < ' ' && c != '\t') || c == '=' || c == 0x7f || static_cast<unsigned char>(c) > 0x7f;
}

}  // namespace ph::codec
