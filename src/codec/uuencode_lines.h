// What the lines of a uuencoded file say: for its decoder and for those who look for one in a text.
#pragma once

#include <optional>
#include <string_view>

#include "codec/uuencode.h"

namespace ph::codec {

constexpr bool is_uu_character(char c) { return c >= ' ' && c <= '`'; }
constexpr unsigned uu_value(char c) {
  return (static_cast<unsigned char>(c) - static_cast<unsigned>(' ')) & 63;
}
/// Characters that carry so many octets, in whole groups.
constexpr std::size_t uu_characters(std::size_t octets) { return (octets + 2) / 3 * 4; }

/// "begin 644 name", "begin-base64 644 name".
std::optional<UuFile> parse_uu_begin(std::string_view line);
/// "end", or "====" in base64.
bool is_uu_end(std::string_view line, bool base64);

}  // namespace ph::codec
