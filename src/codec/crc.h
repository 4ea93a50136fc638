// The checksums of yEnc and BinHex. Not for what we store ourselves: store/crc32c.h.
#pragma once

#include <cstdint>
#include <string_view>

namespace ph::codec {

/// Extends `crc` (0 to begin with) by `octets`: crc32(b, crc32(a)) is the checksum of a + b. The
/// polynomial is that of Ethernet and zlib, 0x04c11db7.
std::uint32_t crc32(std::string_view octets, std::uint32_t crc = 0);

/// The same for CCITT's polynomial 0x1021, most significant bit first, beginning with 0.
std::uint16_t crc16(std::string_view octets, std::uint16_t crc = 0);

}  // namespace ph::codec
