// 24 octets and 32 characters at a time. How a character becomes its value and back: a table lookup
// by its upper half that says what to add, and one by its lower half that, put together with the
// first, tells what is no character of the alphabet.
#include <cstdint>
#include <cstring>

#include "codec/base64_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define PH_AVX2 __attribute__((target("avx2")))

namespace ph::codec {
namespace {

constexpr std::size_t kVectorCharacters = 32, kVectorOctets = 24;

PH_AVX2 inline __m256i both(__m128i lane) { return _mm256_broadcastsi128_si256(lane); }

PH_AVX2 inline __m256i load(const char* in) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in));
}

PH_AVX2 inline __m128i load_half(const char* in) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(in));
}

/// Writes 24 octets and spoils 8 behind them. Returns what is not 0 where a character was none.
PH_AVX2 inline __m256i decode_vector(const char* in, char* out) {
  const __m256i lower_table = both(_mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                                 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a));
  const __m256i upper_table = both(_mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08,
                                                 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10));
  const __m256i shift_table =
      both(_mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0));
  const __m256i slash = _mm256_set1_epi8('/');  // the mask, too: 4 bits, and one that does no harm

  const __m256i text = load(in);
  const __m256i upper = _mm256_and_si256(_mm256_srli_epi32(text, 4), slash);
  const __m256i lower = _mm256_and_si256(text, slash);
  const __m256i bad = _mm256_and_si256(_mm256_shuffle_epi8(lower_table, lower),
                                       _mm256_shuffle_epi8(upper_table, upper));
  const __m256i shift =
      _mm256_shuffle_epi8(shift_table, _mm256_add_epi8(_mm256_cmpeq_epi8(text, slash), upper));
  const __m256i values = _mm256_add_epi8(text, shift);

  // 4 x 6 bits become 24: two and two, then the two of them; then without the gaps.
  const __m256i twelve = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
  const __m256i full = _mm256_madd_epi16(twelve, _mm256_set1_epi32(0x00011000));
  const __m256i packed = _mm256_shuffle_epi8(
      full, both(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1)));
  const __m256i joined =
      _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), joined);
  return bad;
}

PH_AVX2 inline bool any(__m256i bits) { return _mm256_testz_si256(bits, bits) == 0; }

PH_AVX2 inline void encode_vector(const char* in, char* out) {
  // Each group (a, b, c) as (b, a, c, b). The second half is loaded so that nothing behind is read.
  const __m256i order = _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10,  //
                                         5, 4, 6, 5, 8, 7, 9, 8, 11, 10, 12, 11, 14, 13, 15, 14);
  const __m256i octets = _mm256_shuffle_epi8(
      _mm256_inserti128_si256(_mm256_castsi128_si256(load_half(in)), load_half(in + 8), 1), order);
  const __m256i outer = _mm256_mulhi_epu16(_mm256_and_si256(octets, _mm256_set1_epi32(0x0fc0fc00)),
                                           _mm256_set1_epi32(0x04000040));
  const __m256i inner = _mm256_mullo_epi16(_mm256_and_si256(octets, _mm256_set1_epi32(0x003f03f0)),
                                           _mm256_set1_epi32(0x01000010));
  const __m256i values = _mm256_or_si256(outer, inner);

  // 13 for A-Z, 0 for a-z, 1 to 10 for digits, 11 and 12 for "+" and "/".
  const __m256i kind = _mm256_or_si256(
      _mm256_subs_epu8(values, _mm256_set1_epi8(51)),
      _mm256_and_si256(_mm256_cmpgt_epi8(_mm256_set1_epi8(26), values), _mm256_set1_epi8(13)));
  const __m256i shift_table =
      both(_mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                         '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0));
  const __m256i text = _mm256_add_epi8(values, _mm256_shuffle_epi8(shift_table, kind));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), text);
}

PH_AVX2 std::size_t decode_groups(const char* in, std::size_t octets, char* out) {
  std::size_t at = 0;
  for (; at + kVectorCharacters <= octets; at += kVectorCharacters, out += kVectorOctets)
    if (any(decode_vector(in + at, out))) break;
  return at + portable_base64_kernels().decode_groups(in + at, octets - at, out);
}

PH_AVX2 bool decode_line(const char* in, std::size_t characters, char* out) {
  // The last vector ends with the line, and so may say again what the one before it said.
  const std::size_t last = characters - kVectorCharacters;
  __m256i bad = _mm256_setzero_si256();
  for (std::size_t at = 0; at < last; at += kVectorCharacters)
    bad = _mm256_or_si256(bad, decode_vector(in + at, out + at / 4 * 3));
  bad = _mm256_or_si256(bad, decode_vector(in + last, out + last / 4 * 3));
  return !any(bad);
}

PH_AVX2 std::size_t decode_usual_lines(const char* in, std::size_t octets, char* out) {
  std::size_t lines = 0;
  for (; octets >= kBase64LineCharacters + 2; octets -= kBase64LineCharacters + 2, ++lines) {
    if (in[kBase64LineCharacters] != '\r' || in[kBase64LineCharacters + 1] != '\n') break;
    const __m256i first = decode_vector(in, out), second = decode_vector(in + 32, out + 24);
    const __m256i third = decode_vector(in + 44, out + 33);
    if (any(_mm256_or_si256(_mm256_or_si256(first, second), third))) break;
    in += kBase64LineCharacters + 2;
    out += kBase64LineOctets;
  }
  return lines;
}

PH_AVX2 std::size_t decode_lines(const char* in, std::size_t octets, Base64LineForm form,
                                 char* out) {
  if (form.characters == kBase64LineCharacters && form.end_octets == 2)
    return decode_usual_lines(in, octets, out);
  if (form.characters < kVectorCharacters) return 0;
  const std::size_t step = form.characters + form.end_octets;
  std::size_t lines = 0;
  for (; octets >= step; octets -= step, in += step, ++lines) {
    if (in[step - 1] != '\n' || (form.end_octets == 2 && in[step - 2] != '\r')) break;
    if (!decode_line(in, form.characters, out)) break;
    out += form.characters / 4 * 3;
  }
  return lines;
}

PH_AVX2 void encode_groups(const char* in, std::size_t groups, char* out) {
  constexpr std::size_t kAtOnce = kVectorOctets / 3;
  for (; groups >= kAtOnce; groups -= kAtOnce, in += kVectorOctets, out += kVectorCharacters)
    encode_vector(in, out);
  portable_base64_kernels().encode_groups(in, groups, out);
}

PH_AVX2 void encode_lines(const char* in, std::size_t lines, char* out) {
  for (; lines > 0; --lines, in += kBase64LineOctets, out += 2 + kBase64LineCharacters) {
    std::memcpy(out, "\r\n", 2);
    encode_vector(in, out + 2);
    encode_vector(in + 24, out + 34);
    encode_vector(in + 33, out + 46);  // ends with the line
  }
}

constexpr Base64Kernels kAvx2 = {"avx2", decode_groups, decode_lines, encode_groups, encode_lines};

}  // namespace

const Base64Kernels* avx2_base64_kernels() {
  return __builtin_cpu_supports("avx2") ? &kAvx2 : nullptr;
}

}  // namespace ph::codec

#else

namespace ph::codec {
const Base64Kernels* avx2_base64_kernels() { return nullptr; }
}  // namespace ph::codec

#endif
