#include "base/record.h"

namespace ph {

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

std::optional<std::uint64_t> take_varint(std::string_view& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto octet = static_cast<std::uint8_t>(in.front());
    in.remove_prefix(1);
    value |= static_cast<std::uint64_t>(octet & 0x7f) << shift;
    if (octet < 0x80) return value;
  }
  return std::nullopt;
}

RecordWriter& RecordWriter::text(std::uint32_t tag, std::string_view octets) {
  put_varint(out_, tag);
  put_varint(out_, octets.size());
  out_.append(octets);
  return *this;
}

RecordWriter& RecordWriter::number(std::uint32_t tag, std::uint64_t value) {
  std::string octets;
  put_varint(octets, value);
  return text(tag, octets);
}

RecordWriter& RecordWriter::signed_number(std::uint32_t tag, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  return number(tag, (bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

Result<RecordReader> RecordReader::open(std::string_view octets, std::uint8_t version_max) {
  if (octets.empty()) return fail(Kind::corrupt, "stored record is empty");
  RecordReader reader;
  reader.version_ = static_cast<std::uint8_t>(octets.front());
  if (reader.version_ == 0 || reader.version_ > version_max)
    return fail(Kind::corrupt, "stored record has a version this program does not know",
                std::to_string(reader.version_));
  reader.rest_ = octets.substr(1);
  return reader;
}

bool RecordReader::next() {
  if (broken_ || rest_.empty()) return false;
  const auto tag = take_varint(rest_);
  const auto octets = tag ? take_varint(rest_) : std::nullopt;
  if (!octets || *octets > rest_.size() || *tag > 0xffffffff) {
    broken_ = true;
    return false;
  }
  tag_ = static_cast<std::uint32_t>(*tag);
  value_ = rest_.substr(0, *octets);
  rest_.remove_prefix(*octets);
  return true;
}

std::uint64_t RecordReader::number() {
  std::string_view in = value_;
  const auto value = take_varint(in);
  if (!value || !in.empty()) {
    broken_ = true;
    return 0;
  }
  return *value;
}

std::int64_t RecordReader::signed_number() {
  const std::uint64_t bits = number();
  return static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
}

}  // namespace ph
