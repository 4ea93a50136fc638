#include "store/layout.h"

#include <algorithm>

#include "base/record.h"
#include "store/crc32c.h"

namespace ph::store {
namespace {

constexpr std::uint8_t kRecordVersion = 1;

std::uint32_t row_checksum(std::string_view row_key, std::string_view version,
                           std::string_view value) {
  return crc32c(value, crc32c(version, crc32c(row_key)));
}

std::uint32_t head_checksum(std::string_view id, const BlobHead& head, std::string_view chunks) {
  std::string numbers;
  put_varint(numbers, head.info.octets);
  put_varint(numbers, head.info.crc32c);
  return crc32c(chunks, crc32c(numbers, crc32c(id)));
}

}  // namespace

std::string format_store(const StoreRecord& record) {
  return RecordWriter(kRecordVersion).number(1, record.format).number(2, record.incarnation).take();
}

Result<StoreRecord> parse_store(std::string_view octets) {
  auto reader = RecordReader::open(octets, kRecordVersion);
  StoreRecord record{.format = 0};
  while (reader && reader->next()) {
    if (reader->tag() == 1) record.format = reader->number();
    if (reader->tag() == 2) record.incarnation = reader->number();
  }
  if (!reader || record.format > kStoreFormat)
    return fail(Kind::corrupt, "the store was written by a newer Posthouse: use that one, or newer",
                reader ? "format " + std::to_string(record.format) : describe(reader.error()));
  if (reader->broken() || record.format == 0)
    return fail(Kind::corrupt, "the store's own record is damaged");
  return record;
}

std::string row_key(std::string_view partition, std::string_view key) {
  std::string out;
  out.reserve(partition.size() + 1 + key.size());
  out.append(partition).append(1, '\0').append(key);
  return out;
}

std::string partition_end(std::string_view partition) {
  return std::string(partition).append(1, '\1');
}

RowName split_row_key(std::string_view row_key) {
  const auto nul = std::min(row_key.find('\0'), row_key.size());
  return {row_key.substr(0, nul), row_key.substr(std::min(nul + 1, row_key.size()))};
}

std::string format_row(std::string_view row_key, const Version& version, std::string_view value) {
  const std::string_view attempt(version.b, sizeof version.b);
  return RecordWriter(kRecordVersion)
      .text(1, attempt)
      .number(2, row_checksum(row_key, attempt, value))
      .text(3, value)
      .take();
}

Result<RowView> parse_row(std::string_view row_key, std::string_view octets) {
  PH_TRY(RecordReader reader, RecordReader::open(octets, kRecordVersion));
  RowView row;
  std::string_view attempt;
  std::uint64_t checksum = 0;
  while (reader.next()) {
    if (reader.tag() == 1) attempt = reader.text();
    if (reader.tag() == 2) checksum = reader.number();
    if (reader.tag() == 3) row.value = reader.text();
  }
  if (reader.broken() || attempt.size() != sizeof row.version.b ||
      checksum != row_checksum(row_key, attempt, row.value))
    return fail(Kind::corrupt, "a stored row is damaged", std::string(row_key));
  std::ranges::copy(attempt, row.version.b);
  return row;
}

std::string format_head(std::string_view id, const BlobHead& head) {
  std::string chunks;
  for (const std::uint32_t octets : head.chunk_octets) put_varint(chunks, octets);
  return RecordWriter(kRecordVersion)
      .number(1, head.info.octets)
      .number(2, head.info.crc32c)
      .text(3, chunks)
      .number(4, head_checksum(id, head, chunks))
      .take();
}

Result<BlobHead> parse_head(std::string_view id, std::string_view octets) {
  PH_TRY(RecordReader reader, RecordReader::open(octets, kRecordVersion));
  BlobHead head;
  std::string_view chunks;
  std::uint64_t checksum = 0, total = 0;
  while (reader.next()) {
    if (reader.tag() == 1) head.info.octets = reader.number();
    if (reader.tag() == 2) head.info.crc32c = static_cast<std::uint32_t>(reader.number());
    if (reader.tag() == 3) chunks = reader.text();
    if (reader.tag() == 4) checksum = reader.number();
  }
  bool sound = !reader.broken() && checksum == head_checksum(id, head, chunks);
  while (sound && !chunks.empty()) {
    const auto chunk = take_varint(chunks);
    sound = chunk && *chunk <= Limits::blob_octets;
    if (sound) head.chunk_octets.push_back(static_cast<std::uint32_t>(*chunk));
    if (sound) total += *chunk;
  }
  if (!sound || total != head.info.octets)
    return fail(Kind::corrupt, "a blob's head is damaged", std::string(id));
  return head;
}

std::string chunk_key(std::string_view id, std::uint32_t index) {
  std::string key(id);
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(index >> shift));
  return key;
}

std::string format_chunk_prefix(std::string_view chunk_key, std::string_view body) {
  std::string prefix =
      RecordWriter(kRecordVersion).number(1, crc32c(body, crc32c(chunk_key))).take();
  put_varint(prefix, 2);
  put_varint(prefix, body.size());
  return prefix;
}

Result<std::string_view> parse_chunk(std::string_view chunk_key, std::string_view octets) {
  PH_TRY(RecordReader reader, RecordReader::open(octets, kRecordVersion));
  std::string_view body;
  std::uint64_t checksum = 0;
  while (reader.next()) {
    if (reader.tag() == 1) checksum = reader.number();
    if (reader.tag() == 2) body = reader.text();
  }
  if (reader.broken() || checksum != crc32c(body, crc32c(chunk_key)))
    return fail(Kind::corrupt, "a blob's chunk is damaged", std::string(chunk_key.substr(0, 26)));
  return body;
}

std::string holder_key(std::string_view id, std::string_view holder) {
  return std::string(id).append(holder);
}

std::string format_holder(std::uint32_t day) {
  return RecordWriter(kRecordVersion).number(1, day).take();
}

Result<std::uint32_t> parse_holder(std::string_view octets) {
  PH_TRY(RecordReader reader, RecordReader::open(octets, kRecordVersion));
  std::uint32_t day = 0;
  while (reader.next())
    if (reader.tag() == 1) day = static_cast<std::uint32_t>(reader.number());
  if (reader.broken()) return fail(Kind::corrupt, "a blob's holder is damaged");
  return day;
}

}  // namespace ph::store
