// 64 octets at a time as bits: where lines end, and what has no place in a header.
#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ph::message {

inline constexpr std::size_t kMaskedOctets = 64;

/// Bit i speaks of octet i.
struct OctetMasks {
  std::uint64_t lf = 0, cr = 0, nul = 0, high = 0;
};

/// Reads exactly kMaskedOctets octets.
inline OctetMasks mask_octets(const char* octets) {
  OctetMasks masks;
#ifdef __SSE2__  // part of every x86-64
  for (unsigned i = 0; i < kMaskedOctets; i += 16) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(octets + i));
    const auto bits = [i](__m128i found) {
      return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(found))) << i;
    };
    masks.lf |= bits(_mm_cmpeq_epi8(v, _mm_set1_epi8('\n')));
    masks.cr |= bits(_mm_cmpeq_epi8(v, _mm_set1_epi8('\r')));
    masks.nul |= bits(_mm_cmpeq_epi8(v, _mm_setzero_si128()));
    masks.high |= bits(v);
  }
#else
  for (unsigned i = 0; i < kMaskedOctets; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    const char c = octets[i];
    if (c == '\n') masks.lf |= bit;
    if (c == '\r') masks.cr |= bit;
    if (c == 0) masks.nul |= bit;
    if (static_cast<unsigned char>(c) > 127) masks.high |= bit;
  }
#endif
  return masks;
}

/// The masks of fewer octets, as if blanks followed.
inline OctetMasks mask_octets(const char* octets, std::size_t count) {
  if (count >= kMaskedOctets) return mask_octets(octets);
  char padded[kMaskedOctets];
  std::memset(padded, ' ', sizeof padded);
  std::memcpy(padded, octets, count);
  return mask_octets(padded);
}

}  // namespace ph::message
