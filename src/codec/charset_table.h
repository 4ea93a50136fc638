// Charsets by tables of our own, which ICU's converters fill once: exact about what is malformed,
// the same at every split by construction, and faster. No interface for others.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "codec/charset_parts.h"

namespace ph::codec {

/// What the octets of a charset of one or two octets a character (or, for some, more) stand for.
struct CharsetTable {
  static constexpr char32_t kNone = 0xffffffff;  // no character
  static constexpr char32_t kLead = 0xfffffffe;  // begins a longer one
  /// Flag of two characters: the first in bits 16 to 30, the second below. Big5-HKSCS has four.
  static constexpr char32_t kTwo = 0x80000000;
  static constexpr unsigned kLeadMin = 0x81, kTrailMin = 0x21;
  static constexpr std::size_t kTrails = 0xff - kTrailMin;

  enum class Longer : std::uint8_t { none, gb18030, euc_jp };

  const char* converter;
  Longer longer;
  std::array<char32_t, 256> single;
  std::vector<char32_t> pairs;  // [lead - kLeadMin][trail - kTrailMin]; empty: single octets alone
  std::vector<char32_t> triples;  // behind 0x8f, of EUC-JP

  char32_t pair(unsigned lead, unsigned trail) const {
    if (trail < kTrailMin || trail == 0xff) return kNone;
    return pairs[(lead - kLeadMin) * kTrails + (trail - kTrailMin)];
  }
};

/// By ICU's name of the converter; null if it has no table. Made at the first call, for ever valid.
const CharsetTable* charset_table(const char* converter);

std::unique_ptr<CharsetMachine> table_decoder(const CharsetTable& table);

}  // namespace ph::codec
