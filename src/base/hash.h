// A hash that stays the same for ever: it names stored partitions and index slots.
#pragma once

#include <cstdint>
#include <string_view>

namespace ph {

inline constexpr std::uint64_t kFnv1aStart = 0xcbf29ce484222325;

/// FNV-1a, 64 bits (draft-eastlake-fnv). Not for security, and not for keys of strangers in memory:
/// see keyed_hash().
///   hash  of what came before, if it comes in pieces
constexpr std::uint64_t fnv1a(std::string_view octets, std::uint64_t hash = kFnv1aStart) {
  for (const char c : octets) {
    hash ^= static_cast<std::uint8_t>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

}  // namespace ph
