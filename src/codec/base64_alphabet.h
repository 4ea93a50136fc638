// The characters of base64 and what each stands for. RFC 4648 §4.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "codec/base_n.h"

namespace ph::codec {

inline constexpr std::string_view kBase64Alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
inline constexpr std::array<std::uint8_t, 256> kBase64Values = alphabet_values(kBase64Alphabet);

}  // namespace ph::codec
