// The lines that begin with "=y": keywords and their values, before and behind yEnc's data.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "codec/yenc.h"

namespace ph::codec {

/// "=ybegin ..." with a name and a size.
std::optional<YencPart> parse_yenc_begin(std::string_view line);
/// "=ypart begin=1 end=10": the octets [0, 10) of the file.
struct YencPlace {
  std::uint64_t begin, end;
};
std::optional<YencPlace> parse_yenc_place(std::string_view line);
/// "=yend size=10 part=1 pcrc32=01234567".
struct YencEnd {
  std::optional<std::uint64_t> octets, part;
  std::optional<std::uint32_t> crc32, part_crc32;
};
std::optional<YencEnd> parse_yenc_end(std::string_view line);

}  // namespace ph::codec
