// The characters of BinHex, chosen to survive old transports, and the line that announces it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/base_n.h"

namespace ph::codec {

inline constexpr std::string_view kBinHexAlphabet =
    "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
static_assert(kBinHexAlphabet.size() == 64);
inline constexpr std::array<std::uint8_t, 256> kBinHexValues = alphabet_values(kBinHexAlphabet);
inline constexpr std::string_view kBinHexAnnouncement = "(This file must be converted with BinHex";
/// Characters behind ":" that make a line the first of a file where none was announced.
inline constexpr std::size_t kBinHexFirstCharacters = 16;
inline constexpr char kBinHexMarker = '\x90';  // "repeat the octet before me", or itself if 0

constexpr bool is_binhex_character(char c) {
  return kBinHexValues[static_cast<std::uint8_t>(c)] != kNotInAlphabet;
}

}  // namespace ph::codec
