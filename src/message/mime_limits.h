// How much structure of one message is looked at, by whoever takes it apart.
#pragma once

#include <cstddef>

namespace ph::message {

inline constexpr std::size_t kMimeDepthMax = 64;    // multiparts and messages, each inside another
inline constexpr std::size_t kMimePartsMax = 4096;  // parts of one message, at any depth
/// Messages in base64 or quoted-printable, each inside another: each level is a decoded copy.
inline constexpr std::size_t kMimeEncodedDepthMax = 4;

}  // namespace ph::message
