// The octets that quoted-printable leaves as they are, found 16 at a time.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "codec/quoted_printable.h"

#if defined(__SSE2__)
#include <emmintrin.h>

#include <bit>
#endif

namespace ph::codec {

inline constexpr std::array<bool, 256> kPlainOctets = [] {
  std::array<bool, 256> plain{};
  for (int i = 0; i < 256; ++i)
    plain[static_cast<std::size_t>(i)] = !needs_quoted_printable_escape(static_cast<char>(i));
  return plain;
}();

inline bool is_plain(char c) { return kPlainOctets[static_cast<unsigned char>(c)]; }

/// Copies the plain octets at the front of `in` to `out`, which has room for all of `in` and may be
/// spoiled as far. Returns how many there are.
inline std::size_t copy_plain(std::string_view in, char* out) {
  std::size_t at = 0;
#if defined(__SSE2__)
  for (; at + 16 <= in.size(); at += 16) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in.data() + at));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + at), text);
    // Octets above 127 are below 0 here.
    const __m128i control = _mm_andnot_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('\t')),
                                             _mm_cmplt_epi8(text, _mm_set1_epi8(' ')));
    const __m128i mark = _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('=')),
                                      _mm_cmpeq_epi8(text, _mm_set1_epi8(0x7f)));
    const int special = _mm_movemask_epi8(_mm_or_si128(control, mark));
    if (special != 0)
      return at + static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(special)));
  }
#endif
  for (; at < in.size() && is_plain(in[at]); ++at) out[at] = in[at];
  return at;
}

}  // namespace ph::codec
