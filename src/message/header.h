// A header as it lies in memory: its fields as views, where the body begins, and what was odd.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ph::message {

/// Fields of one header that are listed; further ones are passed over.
inline constexpr std::size_t kHeaderFieldsMax = 4096;
/// A field that begins behind so many octets of a header is passed over.
inline constexpr std::size_t kHeaderOctetsMax = 1 << 20;

/// One field. Everything aliases the octets that were read.
struct Field {
  std::string_view name;   // without the blanks before the colon (obsolete, RFC 5322 §4.5.8)
  std::string_view value;  // all behind the colon but the last line end; folds are still in it
  std::string_view raw;    // its exact octets with the last line end, as DKIM wants them
  std::uint64_t offset;    // of `raw` in the octets that were read
};

enum class HeaderOddity : std::uint8_t {
  mbox_from,        // a "From " line stands on top (counts no field)
  begins_folded,    // the first line is a continuation (passed over)
  no_colon,         // the header ends before a line that is neither a field nor empty
  no_empty_line,    // the octets end inside the header
  bare_cr,          // CR without LF: an octet like others here
  bare_lf,          // LF without CR: ends a line like CRLF
  nul,              //
  eight_bit,        // octets above 127: RFC 6532, or undeclared text
  too_many_fields,  // kHeaderFieldsMax
  too_many_octets,  // kHeaderOctetsMax
};

/// The first place of its kind, and how many there are.
struct HeaderFinding {
  HeaderOddity what;
  std::uint64_t offset;
  std::uint64_t count;
  bool operator==(const HeaderFinding&) const = default;
};

/// What parse_header() read.
class Header {
 public:
  std::span<const Field> fields() const { return fields_; }
  /// Where the fields end: at the empty line, or where the body begins when there is none.
  std::uint64_t end() const { return end_; }
  /// Behind the empty line.
  std::uint64_t body() const { return body_; }
  /// In order of HeaderOddity, each kind at most once.
  std::span<const HeaderFinding> findings() const { return findings_; }

  /// Names are compared without case. nullptr when there is none; valid as long as the Header.
  const Field* first(std::string_view name) const;
  const Field* last(std::string_view name) const;
  std::vector<const Field*> all(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  /// Of the first such field, unfolded; nullopt when there is none.
  std::optional<std::string> text(std::string_view name) const;

 private:
  friend class HeaderReader;
  std::vector<Field> fields_;
  std::vector<HeaderFinding> findings_;
  std::uint64_t end_ = 0, body_ = 0;
};

/// Reads the header on top of `octets`: of a message, or of a part of one.
///
///   octets  borrowed: every Field aliases them
///   header  is replaced; its memory is used again, so one Header can serve many messages
///   fails   never: what is no field ends the header, or is a finding
///   cost    O(octets of the header), a few bits of work an octet; 56 octets of memory a field
///
/// LF ends a line as CRLF does. The header ends at an empty line, or before the first line that is
/// neither a field nor a continuation (RFC 5322 §2.2): whoever skips such lines lets a sender hide
/// fields. "From " and ">From " lines on top (mbox, see mbox_octets()) are passed over.
///
/// Inside a multipart a line that begins with "--" may be a boundary whatever it looks like, so
/// there it ends the header, too: no field has such a name.
enum class DashedLine : std::uint8_t { is_field, ends_header };
void parse_header(std::string_view octets, Header& header,
                  DashedLine dashed = DashedLine::is_field);
inline Header parse_header(std::string_view octets) {
  Header header;
  parse_header(octets, header);
  return header;
}

/// Octets of the lines of mbox on top of a message, "From …" and ">From …", which are no fields;
/// "From : …" is one (RFC 5322 §4.5).
std::size_t mbox_octets(std::string_view octets);

/// A field's value on one line: line ends are left out, and blanks at both ends. RFC 5322 §2.2.3.
std::string unfold(std::string_view value);

/// A field's value as people read it: unfolded, its encoded words decoded, in UTF-8 (what
/// codec::decode_encoded_words() says). Most values are that already: the answer aliases `value`
/// then, and `buffer` otherwise. O(octets).
std::string_view readable_value(std::string_view value, std::string& buffer);

/// The name of the field that begins at `line` (which may go on behind its end), without the blanks
/// before its colon; `colon` is where that is. Empty when no field begins there.
struct FieldName {
  std::size_t octets = 0;
  std::size_t colon = 0;
  explicit operator bool() const { return octets > 0; }
};
FieldName field_name(std::string_view line);

}  // namespace ph::message
