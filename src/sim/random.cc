#include "sim/random.h"

namespace ph::sim {

std::uint64_t Random::next() {
  const std::lock_guard lock(mutex_);
  state_ += 0x9e3779b97f4a7c15;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

std::uint64_t Random::below(std::uint64_t bound) {
  PH_CHECK(bound >= 1);
  return next() % bound;  // a bias of bound / 2^64 matters to no test
}

void Random::fill(std::span<char> octets) {
  for (char& octet : octets) octet = static_cast<char>(next() & 0xff);
}

}  // namespace ph::sim
