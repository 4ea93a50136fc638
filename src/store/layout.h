// How rows, blobs and holders are written (docs/formats/store.md). Pure: octets in, octets out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace ph::store {

constexpr std::uint8_t kStoreFormat = 1;  // of the store as a whole; a newer one is not opened

/// What `meta` says about the store, under the key kStoreKey.
struct StoreRecord {
  std::uint64_t format = kStoreFormat;
  std::uint64_t incarnation = 0;  // the last one given out
  bool operator==(const StoreRecord&) const = default;
};
constexpr std::string_view kStoreKey = "store";
std::string format_store(const StoreRecord& record);
Result<StoreRecord> parse_store(std::string_view octets);

/// kv: partition, NUL, key. A partition has no octet below '!', so partitions stay apart, and keys
/// keep their order.
std::string row_key(std::string_view partition, std::string_view key);
/// The first possible key after a partition.
std::string partition_end(std::string_view partition);
struct RowName {
  std::string_view partition, key;  // alias the row key
};
RowName split_row_key(std::string_view row_key);

struct RowView {
  Version version;
  std::string_view value;  // aliases the record
};
std::string format_row(std::string_view row_key, const Version& version, std::string_view value);
/// corrupt: the checksum over row key, version and value does not fit, or an unknown format.
Result<RowView> parse_row(std::string_view row_key, std::string_view octets);

/// blobs: id -> head, written when the blob is sealed; id, index (32 bits, big end first) -> chunk.
struct BlobHead {
  BlobInfo info;
  std::vector<std::uint32_t> chunk_octets;
};
std::string format_head(std::string_view id, const BlobHead& head);
Result<BlobHead> parse_head(std::string_view id, std::string_view octets);  // corrupt

std::string chunk_key(std::string_view id, std::uint32_t index);
/// A chunk's record is this prefix followed by the body itself, so that the body need not be
/// copied.
std::string format_chunk_prefix(std::string_view chunk_key, std::string_view body);
/// The body, aliasing `octets`. corrupt: its checksum does not fit.
Result<std::string_view> parse_chunk(std::string_view chunk_key, std::string_view octets);

/// holders: id, holder -> the day on which it was linked.
std::string holder_key(std::string_view id, std::string_view holder);
std::string format_holder(std::uint32_t day);
Result<std::uint32_t> parse_holder(std::string_view octets);  // corrupt

}  // namespace ph::store
