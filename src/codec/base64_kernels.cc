#include "codec/base64_kernels.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "codec/base64_alphabet.h"

namespace ph::codec {
namespace {

constexpr std::uint32_t kBad = 1U << 24;  // above the 24 bits of a group

/// The bits of each character at each of its four places in a group.
constexpr auto kPlaces = [] {
  std::array<std::array<std::uint32_t, 256>, 4> places{};
  for (std::size_t place = 0; place < 4; ++place) {
    for (std::size_t c = 0; c < 256; ++c) {
      const std::uint32_t value = kBase64Values[c];
      places[place][c] = value == kNotInAlphabet ? kBad : value << (18 - 6 * place);
    }
  }
  return places;
}();

/// Two characters for each 12 bits.
constexpr auto kPairs = [] {
  std::array<std::array<char, 2>, 4096> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i)
    pairs[i] = {kBase64Alphabet[i >> 6], kBase64Alphabet[i & 63]};
  return pairs;
}();

std::uint32_t octet(const char* in) { return static_cast<std::uint8_t>(*in); }

std::size_t decode_groups(const char* in, std::size_t octets, char* out) {
  std::size_t at = 0;
  for (; at + 4 <= octets; at += 4, out += 3) {
    const std::uint32_t group = kPlaces[0][octet(in + at)] | kPlaces[1][octet(in + at + 1)] |
                                kPlaces[2][octet(in + at + 2)] | kPlaces[3][octet(in + at + 3)];
    if (group >= kBad) break;
    out[0] = static_cast<char>(group >> 16);
    out[1] = static_cast<char>(group >> 8);
    out[2] = static_cast<char>(group);
  }
  return at;
}

std::size_t decode_lines(const char*, std::size_t, Base64LineForm, char*) { return 0; }

void encode_groups(const char* in, std::size_t groups, char* out) {
  for (; groups > 0; --groups, in += 3, out += 4) {
    const std::uint32_t group = octet(in) << 16 | octet(in + 1) << 8 | octet(in + 2);
    std::memcpy(out, kPairs[group >> 12].data(), 2);
    std::memcpy(out + 2, kPairs[group & 4095].data(), 2);
  }
}

void encode_lines(const char* in, std::size_t lines, char* out) {
  for (; lines > 0; --lines, in += kBase64LineOctets, out += 2 + kBase64LineCharacters) {
    std::memcpy(out, "\r\n", 2);
    encode_groups(in, kBase64LineOctets / 3, out + 2);
  }
}

constexpr Base64Kernels kPortable = {"portable", decode_groups, decode_lines, encode_groups,
                                     encode_lines};

}  // namespace

const Base64Kernels& portable_base64_kernels() { return kPortable; }

const Base64Kernels& base64_kernels() {
  static const Base64Kernels& best =
      avx2_base64_kernels() != nullptr ? *avx2_base64_kernels() : kPortable;
  return best;
}

}  // namespace ph::codec
