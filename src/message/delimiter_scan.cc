#include "message/delimiter_scan.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <bit>
#include <cstdint>

namespace ph::message {
namespace {

/// The first "\n--" at or behind `at`, or where less than a block is left.
#ifdef __x86_64__
__attribute__((target("avx2"))) std::size_t skip_with_avx2(std::string_view octets,
                                                           std::size_t at) {
  constexpr std::size_t kBlock = 32;
  const __m256i lf = _mm256_set1_epi8('\n'), dash = _mm256_set1_epi8('-');
  for (; at + kBlock + 2 <= octets.size(); at += kBlock) {
    const auto load = [&](std::size_t by) __attribute__((target("avx2"))) {
      return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(octets.data() + at + by));
    };
    const __m256i begins =
        _mm256_and_si256(_mm256_cmpeq_epi8(load(0), lf), _mm256_cmpeq_epi8(load(1), dash));
    const __m256i found = _mm256_and_si256(begins, _mm256_cmpeq_epi8(load(2), dash));
    const auto bits = static_cast<std::uint32_t>(_mm256_movemask_epi8(found));
    if (bits != 0) return at + static_cast<std::size_t>(std::countr_zero(bits));
  }
  return at;
}
#endif

std::size_t find_break(std::string_view octets, std::size_t at) {
#ifdef __x86_64__
  static const bool has_avx2 = __builtin_cpu_supports("avx2");
  if (has_avx2) at = skip_with_avx2(octets, at);
#endif
  for (;;) {
    at = octets.find('\n', at);
    if (at == octets.npos || octets.substr(at + 1).starts_with("--")) return at;
    ++at;
  }
}

}  // namespace

std::size_t find_dashed_line(std::string_view octets, std::size_t from) {
  if (from >= octets.size()) return octets.size();
  if (octets.substr(from).starts_with("--")) return from;
  const std::size_t at = find_break(octets, from);
  return at == octets.npos ? octets.size() : at + 1;
}

}  // namespace ph::message
