// The first pass's inside: which parts are open, and what is found to be changed in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "message/content_type.h"
#include "message/seven_bit.h"

namespace ph::message {

/// Octets of a header line that are kept until its end.
inline constexpr std::size_t kHeaderLineKeptMax = 64 << 10;
/// Octets of a body line that are kept because it may be a boundary.
inline constexpr std::size_t kDelimiterLineKeptMax = 512;
/// Content-Transfer-Encoding fields of one part; one is right.
inline constexpr std::size_t kEncodingFieldsMax = 16;

/// What a stretch of octets holds that 7-bit data may not.
struct BodyTraits {
  std::uint64_t octets = 0, escapes = 0;
  bool eight_bit = false, nul = false, bare = false, long_line = false;

  bool unfit() const { return eight_bit || nul || bare || long_line; }
  void add(const BodyTraits& other) {
    octets += other.octets;
    escapes += other.escapes;
    eight_bit |= other.eight_bit;
    nul |= other.nul;
    bare |= other.bare;
    long_line |= other.long_line;
  }
};

/// A line of the message, complete: octets [from, end), CRLF included where it has one.
struct ScannedLine {
  std::uint64_t from, end;
  std::string_view text;  // without CRLF; only its beginning unless `whole`
  bool whole;
  BodyTraits traits;
};

/// A part whose end was not seen yet, or what it is nested in.
struct OpenPart {
  enum class Shape : std::uint8_t {
    header,     // under way
    leaf,       // a body without structure
    multipart,  // text before, parts (the open one lies above), text behind
    message,    // its body is one part, which lies above
    opaque,     // a body that must not be touched; unfit octets in it are `reason`
  };
  Shape shape = Shape::header;
  bool is_message = false;  // the message itself, or one inside it
  bool is_in_digest = false;
  std::uint64_t header_begin = 0, header_end = 0, body_begin = 0;
  bool has_field = false, has_empty_line = false, too_long = false;
  bool has_mime_version = false, has_content_type = false;
  ContentType type;
  TransferEncoding encoding = TransferEncoding::seven_bit;
  struct Range {
    std::uint64_t from, to;
  };
  std::vector<Range> encoding_fields;
  SevenBitObstacle reason = SevenBitObstacle::none;
  BodyTraits traits;             // of the body; of a multipart: of the text under way
  std::uint64_t text_begin = 0;  // of a multipart: of the text before or behind its parts
  bool in_text = false, closed = false;
  bool changed = false;  // something in it is

  bool is_signed() const { return type.type == "multipart" && type.subtype == "signed"; }
};

class SevenBitScan::Walk {
 public:
  Walk() { open_part(0, true, false); }
  void feed(std::string_view chunk);
  SevenBitPlan finish();

 private:
  void end_line(bool with_crlf);
  void on_line(const ScannedLine& line);
  bool on_delimiter(const ScannedLine& line);
  bool on_header_line(const ScannedLine& line);
  void on_body_line(const ScannedLine& line);
  void open_part(std::uint64_t from, bool is_message, bool is_in_digest);
  void end_field(OpenPart& part);
  void end_header(OpenPart& part, std::uint64_t header_end, std::uint64_t body_begin);
  void close_part(std::uint64_t end);
  void close_leaf(OpenPart& part, std::uint64_t end);
  void close_text(OpenPart& part, std::uint64_t end);
  void relabel(OpenPart& part, std::string_view encoding, std::string fields);
  void fold(OpenPart& part, const ScannedLine& line, std::size_t from);
  void edit(OpenPart& part, SevenBitPlan::Edit edit);
  void meet(SevenBitObstacle obstacle);

  SevenBitPlan plan_;
  std::vector<OpenPart> parts_;  // the open ones, each inside the one before
  std::size_t part_count_ = 0;
  bool has_dkim_ = false;
  // The field under way in the header of parts_.back():
  std::string field_name_, field_value_;
  OpenPart::Range field_{};
  // The line under way:
  std::uint64_t line_from_ = 0;
  std::string kept_;
  std::size_t kept_max_ = 0;
  BodyTraits traits_;
  std::uint64_t cr_count_ = 0, lf_count_ = 0;
  char last_ = 0;
};

}  // namespace ph::message
