// How much structure of one message is looked at, by whoever takes it apart.
#pragma once

#include <cstddef>

namespace ph::message {

inline constexpr std::size_t kMimeDepthMax = 64;    // multiparts and messages, each inside another
inline constexpr std::size_t kMimePartsMax = 4096;  // parts of one message, at any depth

}  // namespace ph::message
