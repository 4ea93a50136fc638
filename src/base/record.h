// The one way our stored records are written: a version octet, then numbered fields.
//
//   record = version:1 *field          field = tag:varint octets:varint-length-prefixed
//
// A reader takes the tags that it knows and skips the others, so that a field can be added without
// a new version; a version it does not know is Kind::corrupt for that one record (never guessed).
// docs/formats/record.md has the hex example that record_test.cc decodes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ph {

/// LEB128, at most 10 octets.
void put_varint(std::string& out, std::uint64_t value);
/// Takes one varint off the front of `in`; nullopt when it is cut short or too long.
std::optional<std::uint64_t> take_varint(std::string_view& in);

class RecordWriter {
 public:
  explicit RecordWriter(std::uint8_t version) { out_.push_back(static_cast<char>(version)); }
  RecordWriter& text(std::uint32_t tag, std::string_view octets);
  RecordWriter& number(std::uint32_t tag, std::uint64_t value);
  /// Zig-zag coded.
  RecordWriter& signed_number(std::uint32_t tag, std::int64_t value);
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// Walks the fields of a record. Usage:
///   PH_TRY(auto reader, RecordReader::open(octets, 1));
///   while (reader.next()) switch (reader.tag()) { case 1: x.name = reader.text(); break; }
///   if (reader.broken()) return fail(Kind::corrupt, "...");
class RecordReader {
 public:
  /// corrupt: empty, or a version above `version_max`. Aliases `octets`.
  static Result<RecordReader> open(std::string_view octets, std::uint8_t version_max);
  bool next();
  bool broken() const { return broken_; }
  std::uint8_t version() const { return version_; }
  std::uint32_t tag() const { return tag_; }
  std::string_view text() const { return value_; }
  std::uint64_t number();
  std::int64_t signed_number();

 private:
  std::string_view rest_, value_;
  std::uint32_t tag_ = 0;
  std::uint8_t version_ = 0;
  bool broken_ = false;
};

}  // namespace ph
