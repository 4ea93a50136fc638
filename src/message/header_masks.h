// 64 octets at a time as bits: where lines end, and what has no place in a header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ph::message {

inline constexpr std::size_t kMaskedOctets = 64;

/// Bit i speaks of octet i.
struct OctetMasks {
  std::uint64_t lf, cr;
  std::uint64_t odd;  // NUL, and octets above 127
};

/// The masks of the next masks.size() * kMaskedOctets octets. Cost: some 20 instructions each, with
/// AVX2 where the machine has it.
void mask_octets(const char* octets, std::span<OctetMasks> masks);

}  // namespace ph::message
