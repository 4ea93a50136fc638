// 24 octets and 32 characters at a time, in two lanes of 12 and 16 that know nothing of each other:
// so a vector may take any two places of the text, and the 76 characters of a line, which are no
// whole number of vectors, cost no more than their share.
#include <array>
#include <cstdint>
#include <cstring>

#include "codec/base64_alphabet.h"
#include "codec/base64_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define PH_AVX2 __attribute__((target("avx2")))

namespace ph::codec {
namespace {

constexpr std::size_t kVectorCharacters = 32, kVectorOctets = 24;
constexpr std::size_t kLaneCharacters = 16, kLaneOctets = 12;
/// Where the last lane of a line begins, which says again what the one before it said last.
constexpr std::size_t kLastLane = kBase64LineCharacters - kLaneCharacters;
constexpr std::size_t kLastLaneOctet = kBase64LineOctets - kLaneOctets;

using Table = std::array<std::int8_t, 16>;  // of a lookup, for each lane the same

// What turns a character into its value is added to it: kShift, at the bits that its lower and its
// upper half have in common. The tables are such that what is no character of the alphabet gets a
// value above 63; a search found them, and the proof stands below.
constexpr Table kLower = {11, 14, 14, 14, 14, 14, 14, 14, 14, 14, 10, 7, 5, 5, 5, 3};
constexpr Table kUpper = {0, 0, 15, 13, 6, 15, 9, 8, 0, 0, 0, 0, 0, 0, 0, 0};
constexpr Table kShift = {-59, -71, -65, 16, -65, 20, -65, 19, -71, 4, -65, -65, 4, 0, -65, 0};
constexpr int kAboveValues = 0xc0;  // bits that no value has

constexpr bool decodes(std::uint8_t c) {
  const unsigned lower =
      c > 127 ? 0 : static_cast<unsigned>(kLower[c & 15]);  // as the instruction does it
  const auto value =
      static_cast<std::uint8_t>(c + kShift[lower & static_cast<unsigned>(kUpper[c >> 4])]);
  return kBase64Values[c] == kNotInAlphabet ? (value & kAboveValues) != 0
                                            : value == kBase64Values[c];
}
static_assert([] {
  for (unsigned c = 0; c < 256; ++c)
    if (!decodes(static_cast<std::uint8_t>(c))) return false;
  return true;
}());

/// What is added to a value, at 0 for A-Z, 1 for a-z, and from 2 on for what comes behind.
constexpr Table kShiftBack = {'A',      'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                              '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63};

PH_AVX2 inline __m256i load(const char* in) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in));
}

PH_AVX2 inline __m128i load_lane(const char* in) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(in));
}

PH_AVX2 inline __m256i load_lanes(const char* low, const char* high) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load_lane(low)), load_lane(high), 1);
}

PH_AVX2 inline __m256i in_both_lanes(const Table& table) {
  return _mm256_broadcastsi128_si256(load_lane(reinterpret_cast<const char*>(table.data())));
}

PH_AVX2 inline void store_lanes(__m256i lanes, char* low, char* high) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(low), _mm256_castsi256_si128(lanes));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(high), _mm256_extracti128_si256(lanes, 1));
}

/// The octets of each lane, and 4 of no meaning. `seen` gets a bit of kAboveValues where a
/// character was none.
PH_AVX2 inline __m256i decode(__m256i text, __m256i& seen) {
  const __m256i upper = _mm256_and_si256(_mm256_srli_epi32(text, 4), _mm256_set1_epi8(15));
  const __m256i place = _mm256_and_si256(_mm256_shuffle_epi8(in_both_lanes(kLower), text),
                                         _mm256_shuffle_epi8(in_both_lanes(kUpper), upper));
  const __m256i values = _mm256_add_epi8(text, _mm256_shuffle_epi8(in_both_lanes(kShift), place));
  seen = _mm256_or_si256(seen, values);

  // 4 x 6 bits become 24: two and two, then the two of them; then without the gaps.
  constexpr Table kOrder = {2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 12, 12, 12, 12};
  const __m256i twelve = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
  const __m256i full = _mm256_madd_epi16(twelve, _mm256_set1_epi32(0x00011000));
  return _mm256_shuffle_epi8(full, in_both_lanes(kOrder));
}

PH_AVX2 inline bool all_of_alphabet(__m256i seen) {
  return _mm256_testz_si256(seen, _mm256_set1_epi8(static_cast<char>(kAboveValues))) != 0;
}

/// Writes 24 octets and spoils 4 behind them.
PH_AVX2 inline void decode_vector(const char* in, char* out, __m256i& seen) {
  store_lanes(decode(load(in), seen), out, out + kLaneOctets);
}

/// Of each lane the 12 octets that `order` names, in groups (a, b, c) as (b, a, c, b).
PH_AVX2 inline __m256i encode(__m256i octets, __m256i order) {
  const __m256i groups = _mm256_shuffle_epi8(octets, order);
  const __m256i outer = _mm256_and_si256(_mm256_mulhi_epu16(groups, _mm256_set1_epi32(0x04000040)),
                                         _mm256_set1_epi16(0x003f));
  // Of the factors, 0x4000 moves nothing to where it is looked at: without it compilers make two
  // shifts and a blend of the multiplication.
  const __m256i inner = _mm256_and_si256(_mm256_mullo_epi16(groups, _mm256_set1_epi32(0x41004010)),
                                         _mm256_set1_epi16(0x3f00));
  const __m256i values = _mm256_or_si256(outer, inner);
  const __m256i place = _mm256_sub_epi8(_mm256_subs_epu8(values, _mm256_set1_epi8(51)),
                                        _mm256_cmpgt_epi8(values, _mm256_set1_epi8(25)));
  return _mm256_add_epi8(values, _mm256_shuffle_epi8(in_both_lanes(kShiftBack), place));
}

constexpr Table kFirstOctets = {1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10};
constexpr Table kLastOctets = {5, 4, 6, 5, 8, 7, 9, 8, 11, 10, 12, 11, 14, 13, 15, 14};

PH_AVX2 inline __m256i last_then_first() {
  return _mm256_inserti128_si256(in_both_lanes(kLastOctets),
                                 load_lane(reinterpret_cast<const char*>(kFirstOctets.data())), 1);
}

/// Reads 4 octets before `in` and 4 behind the 24.
PH_AVX2 inline void encode_vector(const char* in, char* out) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), encode(load(in - 4), last_then_first()));
}

/// Reads nothing but the 24.
PH_AVX2 inline void encode_lone_vector(const char* in, char* out) {
  const __m256i order = _mm256_permute2x128_si256(last_then_first(), last_then_first(), 1);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                      encode(load_lanes(in, in + kVectorOctets - 16), order));
}

PH_AVX2 std::size_t decode_groups(const char* in, std::size_t octets, char* out) {
  std::size_t at = 0;
  for (; at + kVectorCharacters <= octets; at += kVectorCharacters, out += kVectorOctets) {
    __m256i seen = _mm256_setzero_si256();
    decode_vector(in + at, out, seen);
    if (!all_of_alphabet(seen)) break;
  }
  return at + portable_base64_kernels().decode_groups(in + at, octets - at, out);
}

PH_AVX2 bool decode_line(const char* in, std::size_t characters, char* out) {
  // The last vector ends with the line, and so may say again what the one before it said.
  const std::size_t last = characters - kVectorCharacters;
  __m256i seen = _mm256_setzero_si256();
  for (std::size_t at = 0; at < last; at += kVectorCharacters)
    decode_vector(in + at, out + at / 4 * 3, seen);
  decode_vector(in + last, out + last / 4 * 3, seen);
  return all_of_alphabet(seen);
}

bool ends_usual_line(const char* in) {
  return in[kBase64LineCharacters] == '\r' && in[kBase64LineCharacters + 1] == '\n';
}

/// Two lines at a time: their last lanes make a vector.
PH_AVX2 std::size_t decode_usual_lines(const char* in, std::size_t octets, char* out) {
  constexpr std::size_t kLine = kBase64LineCharacters + 2;
  std::size_t lines = 0;
  for (; octets >= 2 * kLine; octets -= 2 * kLine, lines += 2) {
    const char* const second = in + kLine;
    if (!ends_usual_line(in) || !ends_usual_line(second)) break;
    char* const out_second = out + kBase64LineOctets;
    __m256i seen = _mm256_setzero_si256();
    const __m256i ends = decode(load_lanes(in + kLastLane, second + kLastLane), seen);
    // In this order: what a lane spoils the next one mends.
    decode_vector(in, out, seen);
    decode_vector(in + kVectorCharacters, out + kVectorOctets, seen);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + kLastLaneOctet),
                     _mm256_castsi256_si128(ends));
    decode_vector(second, out_second, seen);
    decode_vector(second + kVectorCharacters, out_second + kVectorOctets, seen);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out_second + kLastLaneOctet),
                     _mm256_extracti128_si256(ends, 1));
    if (!all_of_alphabet(seen)) break;
    in += 2 * kLine;
    out += 2 * kBase64LineOctets;
  }
  if (octets < kLine || !ends_usual_line(in)) return lines;
  return lines + (decode_line(in, kBase64LineCharacters, out) ? 1 : 0);
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
    encode_lone_vector(in, out);
  portable_base64_kernels().encode_groups(in, groups, out);
}

PH_AVX2 void encode_line(const char* in, char* out) {
  std::memcpy(out, "\r\n", 2);
  encode_lone_vector(in, out + 2);
  encode_lone_vector(in + kVectorOctets, out + 2 + kVectorCharacters);
  encode_lone_vector(in + kBase64LineOctets - kVectorOctets,
                     out + 2 + kBase64LineCharacters - kVectorCharacters);
}

/// The first alone, as it has nothing before it that could be read; then two at a time.
PH_AVX2 void encode_lines(const char* in, std::size_t lines, char* out) {
  constexpr std::size_t kLine = 2 + kBase64LineCharacters;
  if (lines > 0) {
    encode_line(in, out);
    --lines;
    in += kBase64LineOctets;
    out += kLine;
  }
  for (; lines >= 2; lines -= 2, in += 2 * kBase64LineOctets, out += 2 * kLine) {
    const char* const second = in + kBase64LineOctets;
    std::memcpy(out, "\r\n", 2);
    encode_vector(in, out + 2);
    encode_vector(in + kVectorOctets, out + 2 + kVectorCharacters);
    std::memcpy(out + kLine, "\r\n", 2);
    encode_vector(second, out + kLine + 2);
    encode_vector(second + kVectorOctets, out + kLine + 2 + kVectorCharacters);
    const __m256i ends = encode(load_lanes(second - 16, second + kBase64LineOctets - 16),
                                in_both_lanes(kLastOctets));
    store_lanes(ends, out + 2 + kLastLane, out + kLine + 2 + kLastLane);
  }
  if (lines > 0) encode_line(in, out);
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
