// The octets that quoted-printable leaves as they are, found 32 at a time; and the digits of the
// others.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/base_n.h"
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

/// Of the digits of an escape, in lower case, too; above 15: none.
inline constexpr std::array<std::uint8_t, 256> kQuotedHexValues = [] {
  std::array<std::uint8_t, 256> values = alphabet_values("0123456789ABCDEF");
  for (std::size_t i = 10; i < 16; ++i) values['a' + i - 10] = static_cast<std::uint8_t>(i);
  return values;
}();

inline unsigned hex_value(char c) { return kQuotedHexValues[static_cast<std::uint8_t>(c)]; }

#if defined(__SSE2__)
/// Returns a bit for each that is not plain.
inline unsigned copy_16(const char* in, char* out) {
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), text);
  // Octets above 127 are below 0 here.
  const __m128i control = _mm_andnot_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('\t')),
                                           _mm_cmplt_epi8(text, _mm_set1_epi8(' ')));
  const __m128i mark = _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8('=')),
                                    _mm_cmpeq_epi8(text, _mm_set1_epi8(0x7f)));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(control, mark)));
}
#endif

/// Copies the plain octets at the front of `in` to `out`, which has room for all of `in` and may be
/// spoiled as far. Returns how many there are.
inline std::size_t copy_plain(std::string_view in, char* out) {
  std::size_t at = 0;
#if defined(__SSE2__)
  // Two at once: most runs of text end within, so that there is one thing to guess, not two.
  for (; at + 32 <= in.size(); at += 32) {
    const unsigned special =
        copy_16(in.data() + at, out + at) | copy_16(in.data() + at + 16, out + at + 16) << 16;
    if (special != 0) return at + static_cast<std::size_t>(std::countr_zero(special));
  }
#endif
  for (; at < in.size() && is_plain(in[at]); ++at) out[at] = in[at];
  return at;
}

}  // namespace ph::codec
