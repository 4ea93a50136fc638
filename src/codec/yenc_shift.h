// The octets that yEnc only shifts, 16 at a time: nearly all of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>

#include <bit>
#endif

namespace ph::codec {

inline constexpr unsigned char kYencShift = 42, kYencEscapeShift = 64;

/// Octets behind those said that may be overwritten.
inline constexpr std::size_t kYencSlackOctets = 16;

constexpr char yenc_shifted(char c, unsigned by) {
  return static_cast<char>(static_cast<unsigned char>(c) + by);
}

/// Of coded octets, those that are never only shifted ones.
constexpr bool is_yenc_special(char coded) {
  return coded == '=' || coded == '\r' || coded == '\n' || coded == '\0';
}

/// Adds `by` to octets of `in`, at most `octets`, up to the first that is special: in what comes
/// out (`coded_in` is false), or in what comes in. Returns how many. NUL is special only in what
/// comes out: decoders take one.
template <bool coded_in>
std::size_t shift_octets(std::string_view in, std::size_t octets, unsigned by, char* out) {
  std::size_t at = 0;
  octets = std::min(octets, in.size());
#if defined(__SSE2__)
  const __m128i shift = _mm_set1_epi8(static_cast<char>(by));
  for (; at < octets && at + 16 <= in.size(); at += 16) {
    const __m128i from = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in.data() + at));
    const __m128i to = _mm_add_epi8(from, shift);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + at), to);
    const __m128i coded = coded_in ? from : to;
    __m128i special = _mm_or_si128(_mm_cmpeq_epi8(coded, _mm_set1_epi8('=')),
                                   _mm_or_si128(_mm_cmpeq_epi8(coded, _mm_set1_epi8('\r')),
                                                _mm_cmpeq_epi8(coded, _mm_set1_epi8('\n'))));
    if (!coded_in) special = _mm_or_si128(special, _mm_cmpeq_epi8(coded, _mm_setzero_si128()));
    const auto bits = static_cast<unsigned>(_mm_movemask_epi8(special));
    if (bits != 0) return std::min(octets, at + static_cast<std::size_t>(std::countr_zero(bits)));
  }
  if (at >= octets) return octets;
#endif
  for (; at < octets; ++at) {
    const char to = yenc_shifted(in[at], by), coded = coded_in ? in[at] : to;
    if (is_yenc_special(coded) && !(coded_in && coded == '\0')) break;
    out[at] = to;
  }
  return at;
}

}  // namespace ph::codec
