#include "message/header_masks.h"

#include <bit>

#include "base/ascii.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace ph::message {
namespace {

#ifdef __x86_64__

#define PH_AVX2 __attribute__((target("avx2")))

struct Halves {
  __m256i low, high;
};

PH_AVX2 inline Halves load(const char* octets) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(octets)),
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(octets + 32))};
}

PH_AVX2 inline Halves equal(const Halves& octets, __m256i to) {
  return {_mm256_cmpeq_epi8(octets.low, to), _mm256_cmpeq_epi8(octets.high, to)};
}

PH_AVX2 inline Halves either(const Halves& a, const Halves& b) {
  return {_mm256_or_si256(a.low, b.low), _mm256_or_si256(a.high, b.high)};
}

PH_AVX2 inline Halves but_not(const Halves& a, const Halves& b) {
  return {_mm256_andnot_si256(b.low, a.low), _mm256_andnot_si256(b.high, a.high)};
}

PH_AVX2 inline std::uint64_t bits(const Halves& of) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(of.low)) |
         static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(of.high)))
             << 32;
}

PH_AVX2 inline Halves but_one(const Halves& a, const Halves& b) {
  return {_mm256_xor_si256(a.low, b.low), _mm256_xor_si256(a.high, b.high)};
}

/// The LFs in `block` with no blank behind them.
PH_AVX2 inline Halves ends(const Halves& block, const Halves& behind) {
  return but_not(
      equal(block, _mm256_set1_epi8('\n')),
      either(equal(behind, _mm256_set1_epi8(' ')), equal(behind, _mm256_set1_epi8('\t'))));
}

PH_AVX2 void mask_with_avx2(const char* octets, std::span<OctetMasks> masks) {
  for (OctetMasks& mask : masks) {
    const Halves block = load(octets);
    mask.lf = bits(equal(block, _mm256_set1_epi8('\n')));
    mask.cr = bits(equal(block, _mm256_set1_epi8('\r')));
    mask.odd = bits(either(block, equal(block, _mm256_setzero_si256())));
    octets += kMaskedOctets;
  }
}

PH_AVX2 bool mask_ends_with_avx2(const char* octets, std::span<std::uint64_t> masks) {
  Halves odd = {_mm256_setzero_si256(), _mm256_setzero_si256()};
  for (std::uint64_t& mask : masks) {
    const Halves block = load(octets), behind = load(octets + 1);
    mask = bits(ends(block, behind));
    const Halves alone =
        but_one(equal(block, _mm256_set1_epi8('\r')), equal(behind, _mm256_set1_epi8('\n')));
    odd = either(either(odd, alone), either(block, equal(block, _mm256_setzero_si256())));
    octets += kMaskedOctets;
  }
  return bits(odd) != 0;
}

PH_AVX2 std::size_t find_end_with_avx2(std::string_view octets) {
  std::size_t at = 0;
  for (; octets.size() - at > kMaskedOctets; at += kMaskedOctets) {
    const char* const block = octets.data() + at;
    const std::uint64_t found = bits(ends(load(block), load(block + 1)));
    if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(found)) + 1;
  }
  for (; at + 1 < octets.size(); ++at)
    if (octets[at] == '\n' && !is_space(octets[at + 1])) return at + 1;
  return octets.size();
}

#endif

}  // namespace

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

void mask_octets(const char* octets, std::span<OctetMasks> masks) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) return mask_with_avx2(octets, masks);
#endif
  mask_one_by_one(octets, masks);
}

bool mask_ends_one_by_one(const char* octets, std::span<std::uint64_t> ends) {
  bool odd = false;
  for (std::uint64_t& mask : ends) {
    mask = 0;
    for (unsigned i = 0; i < kMaskedOctets; ++i, ++octets) {
      const char c = octets[0], behind = octets[1];
      if (c == '\n' && !is_space(behind)) mask |= std::uint64_t{1} << i;
      odd = odd || c <= 0 || (c == '\r') != (behind == '\n');
    }
  }
  return odd;
}

bool mask_ends(const char* octets, std::span<std::uint64_t> ends) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) return mask_ends_with_avx2(octets, ends);
#endif
  return mask_ends_one_by_one(octets, ends);
}

std::size_t end_of_field(std::string_view octets) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) return find_end_with_avx2(octets);
#endif
  for (std::size_t at = 0; (at = octets.find('\n', at)) < octets.size(); ++at)
    if (at + 1 < octets.size() && !is_space(octets[at + 1])) return at + 1;
  return octets.size();
}

}  // namespace ph::message
