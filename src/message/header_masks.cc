#include "message/header_masks.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace ph::message {
namespace {

#ifdef __x86_64__

__attribute__((target("avx2"))) std::uint64_t bits(__m256i low, __m256i high) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(low))) |
         static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(high))) << 32;
}

__attribute__((target("avx2"))) void mask_with_avx2(const char* octets,
                                                    std::span<OctetMasks> masks) {
  const __m256i lf = _mm256_set1_epi8('\n'), cr = _mm256_set1_epi8('\r');
  const __m256i zero = _mm256_setzero_si256();
  for (OctetMasks& mask : masks) {
    const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(octets));
    const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(octets + 32));
    mask.lf = bits(_mm256_cmpeq_epi8(a, lf), _mm256_cmpeq_epi8(b, lf));
    mask.cr = bits(_mm256_cmpeq_epi8(a, cr), _mm256_cmpeq_epi8(b, cr));
    mask.odd = bits(_mm256_or_si256(a, _mm256_cmpeq_epi8(a, zero)),
                    _mm256_or_si256(b, _mm256_cmpeq_epi8(b, zero)));
    octets += kMaskedOctets;
  }
}

#endif

void mask_one_by_one(const char* octets, std::span<OctetMasks> masks) {
  for (OctetMasks& mask : masks) {
    mask = {};
    for (unsigned i = 0; i < kMaskedOctets; ++i) {
      const std::uint64_t bit = std::uint64_t{1} << i;
      const char c = *octets++;
      if (c == '\n') mask.lf |= bit;
      if (c == '\r') mask.cr |= bit;
      if (c == 0 || static_cast<unsigned char>(c) > 127) mask.odd |= bit;
    }
  }
}

}  // namespace

void mask_octets(const char* octets, std::span<OctetMasks> masks) {
#ifdef __x86_64__
  static const bool has_avx2 = __builtin_cpu_supports("avx2");
  if (has_avx2) return mask_with_avx2(octets, masks);
#endif
  mask_one_by_one(octets, masks);
}

}  // namespace ph::message
