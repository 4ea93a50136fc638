#include "base/keyed_hash.h"

#include <bit>
#include <cstddef>

namespace ph {
namespace {

/// Up to eight octets, the lowest first.
std::uint64_t number(const char* octets, std::size_t count = 8) {
  std::uint64_t value = 0;
  for (std::size_t i = count; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(octets[i]);
  return value;
}

struct Sip {
  explicit Sip(const HashKey& key) {
    const std::uint64_t k0 = number(key.data()), k1 = number(key.data() + 8);
    v0 ^= k0;
    v1 ^= k1;
    v2 ^= k0;
    v3 ^= k1;
  }
  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void take(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }

  // "somepseudorandomlygeneratedbytes", as its authors chose.
  std::uint64_t v0 = 0x736f6d6570736575, v1 = 0x646f72616e646f6d, v2 = 0x6c7967656e657261,
                v3 = 0x7465646279746573;
};

}  // namespace

std::uint64_t keyed_hash(const HashKey& key, std::string_view octets) {
  Sip sip(key);
  std::string_view rest = octets;
  for (; rest.size() >= 8; rest.remove_prefix(8)) sip.take(number(rest.data()));
  sip.take(number(rest.data(), rest.size()) | std::uint64_t{octets.size()} << 56);
  sip.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) sip.round();
  return sip.v0 ^ sip.v1 ^ sip.v2 ^ sip.v3;
}

}  // namespace ph
