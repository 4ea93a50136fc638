// The strict end of the base-N decoders: characters of some bits each into octets.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::codec {

inline constexpr std::uint8_t kNoDigit = 0xff;
using DigitValues = std::array<std::uint8_t, 256>;

/// The value of each octet that stands in `alphabet`, kNoDigit for all others.
constexpr DigitValues digit_values(std::string_view alphabet) {
  DigitValues values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}

/// `digits` of `bits_each` bits (below 8), the highest first, as whole octets.
/// malformed: `not_a_digit` for another character; `spare_bits` when what is left at the end, less
/// than an octet, is not zero: then the text would be a second encoding of the same value.
inline Result<std::string> decode_digits(std::string_view digits, unsigned bits_each,
                                         const DigitValues& values, Literal not_a_digit,
                                         Literal spare_bits) {
  std::string out;
  out.reserve(digits.size() * bits_each / 8);
  std::uint32_t bits = 0;
  unsigned count = 0;  // of bits that wait in `bits`
  for (const char c : digits) {
    const std::uint8_t value = values[static_cast<std::uint8_t>(c)];
    if (value == kNoDigit) return fail(Kind::malformed, not_a_digit);
    bits = (bits << bits_each) | value;
    count += bits_each;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count));
      bits &= (1U << count) - 1;
    }
  }
  if (bits != 0) return fail(Kind::malformed, spare_bits);
  return out;
}

}  // namespace ph::codec
