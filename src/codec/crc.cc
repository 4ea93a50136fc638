#include "codec/crc.h"

#include <array>
#include <cstddef>

namespace ph::codec {
namespace {

/// kCrc32[n][c]: what octet c does to the checksum n octets later.
constexpr auto kCrc32 = [] {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t c = 0; c < 256; ++c) {
    std::uint32_t crc = c;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
    tables[0][c] = crc;
  }
  for (std::size_t n = 1; n < 8; ++n)
    for (std::size_t c = 0; c < 256; ++c)
      tables[n][c] = tables[n - 1][c] >> 8 ^ tables[0][tables[n - 1][c] & 255];
  return tables;
}();

/// kCrc16[n][c]: the same for the other one.
constexpr auto kCrc16 = [] {
  std::array<std::array<std::uint16_t, 256>, 4> tables{};
  for (unsigned c = 0; c < 256; ++c) {
    unsigned crc = c << 8;
    for (int bit = 0; bit < 8; ++bit) crc = crc << 1 ^ ((crc & 0x8000) != 0 ? 0x1021 : 0);
    tables[0][c] = static_cast<std::uint16_t>(crc);
  }
  for (std::size_t n = 1; n < 4; ++n)
    for (std::size_t c = 0; c < 256; ++c)
      tables[n][c] =
          static_cast<std::uint16_t>(tables[n - 1][c] << 8 ^ tables[0][tables[n - 1][c] >> 8]);
  return tables;
}();

std::uint32_t four_octets(const char* at) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<std::uint8_t>(at[i]);
  return value;
}

}  // namespace

std::uint32_t crc32(std::string_view octets, std::uint32_t crc) {
  crc = ~crc;
  const char* at = octets.data();
  std::size_t left = octets.size();
  for (; left >= 8; left -= 8, at += 8) {
    const std::uint32_t low = crc ^ four_octets(at), high = four_octets(at + 4);
    crc = kCrc32[7][low & 255] ^ kCrc32[6][low >> 8 & 255] ^ kCrc32[5][low >> 16 & 255] ^
          kCrc32[4][low >> 24] ^ kCrc32[3][high & 255] ^ kCrc32[2][high >> 8 & 255] ^
          kCrc32[1][high >> 16 & 255] ^ kCrc32[0][high >> 24];
  }
  for (; left > 0; --left, ++at)
    crc = crc >> 8 ^ kCrc32[0][(crc ^ static_cast<std::uint8_t>(*at)) & 255];
  return ~crc;
}

std::uint16_t crc16(std::string_view octets, std::uint16_t crc) {
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(octets[i]); };
  for (; octets.size() >= 4; octets.remove_prefix(4))
    crc = kCrc16[3][crc >> 8 ^ octet(0)] ^ kCrc16[2][(crc & 255) ^ octet(1)] ^ kCrc16[1][octet(2)] ^
          kCrc16[0][octet(3)];
  for (std::size_t i = 0; i < octets.size(); ++i)
    crc = static_cast<std::uint16_t>(crc << 8 ^ kCrc16[0][crc >> 8 ^ octet(i)]);
  return crc;
}

}  // namespace ph::codec
