// 64 octets at a time as bits: where escapes begin, where lines end, what is neither. What stands
// between escapes is copied 64 octets at a time, too, whatever its length: too much costs less than
// to guess how much.
#include <algorithm>
#include <bit>
#include <cstdint>

#include "codec/quoted_printable_kernels.h"
#include "codec/quoted_printable_plain.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define PH_AVX2 __attribute__((target("avx2")))

namespace ph::codec {
namespace {

/// From the beginning of a block on: an escape may end 2 octets behind it, and from there on as
/// many as a block has are copied.
constexpr std::size_t kOctetsRead = 2 * kQuotedPrintableBlockOctets + 2;

struct Halves {
  __m256i low, high;
};

PH_AVX2 inline Halves load(const char* in) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(in)),
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + 32))};
}

PH_AVX2 inline void copy_block(const char* in, char* out) {
  const Halves octets = load(in);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), octets.low);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 32), octets.high);
}

PH_AVX2 inline std::uint64_t bits(__m256i low, __m256i high) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(low)) |
         static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(high))) << 32;
}

PH_AVX2 inline std::uint64_t where(const Halves& octets, char c) {
  const __m256i wanted = _mm256_set1_epi8(c);
  return bits(_mm256_cmpeq_epi8(octets.low, wanted), _mm256_cmpeq_epi8(octets.high, wanted));
}

/// Below ' ', and 0x7f and above. Signed, and one more: so 0x7f to 0xff are -128 to 0.
PH_AVX2 inline std::uint64_t where_not_printable(const Halves& octets) {
  const __m256i one = _mm256_set1_epi8(1), printable = _mm256_set1_epi8(' ' + 1);
  return bits(_mm256_cmpgt_epi8(printable, _mm256_add_epi8(octets.low, one)),
              _mm256_cmpgt_epi8(printable, _mm256_add_epi8(octets.high, one)));
}

struct Block {
  std::uint64_t equals;
  std::uint64_t stop;  // what has to be looked at more closely
  std::size_t octets;  // of it, where nothing stops: a CR that comes last is left to the next
};

PH_AVX2 inline Block look_at(const char* in) {
  const Halves octets = load(in);
  const std::uint64_t cr = where(octets, '\r'), lf = where(octets, '\n');
  std::uint64_t blank = where(octets, ' ');
  std::uint64_t odd = where_not_printable(octets) & ~(cr | lf);
  if (odd != 0) {
    const std::uint64_t tab = where(octets, '\t');
    odd &= ~tab;
    blank |= tab;
  }
  const std::uint64_t cr_behind =
      cr >> 1 | static_cast<std::uint64_t>(in[kQuotedPrintableBlockOctets] == '\r') << 63;
  const std::uint64_t bare_lf = lf & ~(cr << 1);
  const std::uint64_t bare_cr = (~lf & cr << 1) >> 1;  // one that comes last shows itself later
  return {where(octets, '='), odd | bare_lf | bare_cr | (blank & cr_behind), 64 - (cr >> 63)};
}

PH_AVX2 QuotedPrintableRun decode(const char* in, std::size_t octets, char* out) {
  const char* at = in;
  char* to = out;
  const auto run = [&] {
    return QuotedPrintableRun{static_cast<std::size_t>(at - in),
                              static_cast<std::size_t>(to - out)};
  };
  while (octets - static_cast<std::size_t>(at - in) >= kOctetsRead) {
    Block block = look_at(at);
    if (block.stop != 0) [[unlikely]] {
      block.octets = std::min(block.octets, static_cast<std::size_t>(std::countr_zero(block.stop)));
      block.equals &= (std::uint64_t{1} << block.octets) - 1;
    }
    std::size_t from = 0;
    for (; block.equals != 0; block.equals &= block.equals - 1) {
      const auto equals = static_cast<std::size_t>(std::countr_zero(block.equals));
      copy_block(at + from, to);
      to += equals - from;
      from = equals;
      const char first = at[equals + 1], second = at[equals + 2];
      const unsigned upper = hex_value(first), lower = hex_value(second);
      if ((upper | lower) < 16) {
        *to++ = static_cast<char>(upper << 4 | lower);
      } else if (first != '\r' || second != '\n') [[unlikely]] {
        at += from;
        return run();
      }
      from += 3;
    }
    copy_block(at + from, to);
    const std::size_t end = std::max(from, block.octets);
    to += end - from;
    at += end;
    if (block.stop != 0) break;
  }
  return run();
}

}  // namespace

QuotedPrintableKernel avx2_quoted_printable_kernel() {
  return __builtin_cpu_supports("avx2") ? &decode : nullptr;
}

}  // namespace ph::codec

#else

namespace ph::codec {
QuotedPrintableKernel avx2_quoted_printable_kernel() { return nullptr; }
}  // namespace ph::codec

#endif
