// What base32 and base64 have in common: characters that stand for a few bits each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::codec {

inline constexpr std::uint8_t kNotInAlphabet = 0xff;

/// The value of each octet as a character of `alphabet`, or kNotInAlphabet.
consteval std::array<std::uint8_t, 256> alphabet_values(std::string_view alphabet) {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNotInAlphabet);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}

/// What is wrong with a text, in the words of its coding.
struct BaseNWords {
  Literal no_character, spare_bits;
};

/// Appends what `text` says, kBits bits a character, most significant first. Strict: each value has
/// one encoding, so the bits left over at the end are 0. RFC 4648 §3.3, §3.5. Malformed otherwise,
/// and then `out` has what came before.
template <unsigned kBits>
Result<Done> decode_base_n(std::string_view text, const std::array<std::uint8_t, 256>& values,
                           BaseNWords words, std::string& out) {
  std::uint32_t bits = 0;
  unsigned count = 0;  // of bits that wait in `bits`
  for (const char c : text) {
    const std::uint8_t value = values[static_cast<std::uint8_t>(c)];
    if (value == kNotInAlphabet) return fail(Kind::malformed, words.no_character);
    bits = (bits << kBits) | value;
    count += kBits;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count));
      bits &= (1U << count) - 1;
    }
  }
  if (bits != 0) return fail(Kind::malformed, words.spare_bits);
  return Done{};
}

}  // namespace ph::codec
