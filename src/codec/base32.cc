#include "codec/base32.h"

#include <cstdint>

#include "codec/digits.h"

namespace ph::codec {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";

constexpr DigitValues kValues = digit_values(kAlphabet);

}  // namespace

std::string encode_base32(std::string_view octets) {
  std::string out;
  out.reserve((octets.size() * 8 + 4) / 5);
  std::uint32_t bits = 0;
  unsigned count = 0;  // of bits that wait in `bits`
  for (const char c : octets) {
    bits = (bits << 8) | static_cast<std::uint8_t>(c);
    count += 8;
    while (count >= 5) {
      count -= 5;
      out.push_back(kAlphabet[(bits >> count) & 31]);
    }
    bits &= (1U << count) - 1;
  }
  if (count > 0) out.push_back(kAlphabet[(bits << (5 - count)) & 31]);
  return out;
}

Result<std::string> decode_base32(std::string_view text) {
  const std::size_t spare = text.size() * 5 % 8;
  if (spare >= 5) return fail(Kind::malformed, "base32: no encoding has this length");
  return decode_digits(text, 5, kValues, "base32: not a character of the alphabet",
                       "base32: spare bits are set");
}

}  // namespace ph::codec
