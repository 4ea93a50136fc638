// What the fuzz targets of codings share: the same answer at every split, or abort.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "codec/stream.h"

namespace ph::codec::testing {

struct Fuzzed {
  std::string out;
  Faults faults;
  bool operator==(const Fuzzed&) const = default;
};

inline Fuzzed fuzzed(Stream& stream, std::string_view in, std::size_t cut) {
  Fuzzed got;
  stream.feed(in.substr(0, cut), got.out);
  stream.feed(in.substr(cut), got.out);
  stream.finish(got.out);
  got.faults = stream.faults();
  return got;
}

/// The answer of `stream`, used twice: whole, and cut (at the end if there is less).
inline Fuzzed same_at(Stream& stream, std::string_view in, std::size_t cut) {
  Fuzzed whole = fuzzed(stream, in, in.size());
  if (whole != fuzzed(stream, in, std::min(cut, in.size()))) std::abort();
  return whole;
}

/// The first octet says where to cut what follows.
struct FuzzInput {
  std::string_view octets;
  std::size_t cut;
};
inline FuzzInput fuzz_input(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return {{}, 0};
  const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  return {octets, data[0] * octets.size() / 255};
}

}  // namespace ph::codec::testing
