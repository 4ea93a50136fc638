// A coding run over a whole input, in pieces, for tests and fuzz targets.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "codec/stream.h"

namespace ph::codec::testing {

struct StreamRun {
  std::string out;
  Faults faults;
  bool operator==(const StreamRun&) const = default;
};

/// `in` cut at `cut`, or, when that is npos, octet by octet.
inline StreamRun run(Stream& stream, std::string_view in, std::size_t cut = 0) {
  StreamRun result;
  if (cut == std::string_view::npos) {
    for (std::size_t i = 0; i < in.size(); ++i) stream.feed(in.substr(i, 1), result.out);
  } else {
    stream.feed(in.substr(0, cut), result.out);
    stream.feed(in.substr(cut), result.out);
  }
  stream.finish(result.out);
  result.faults = stream.faults();
  return result;
}

/// Octets of two hex digits each; white space between them is ignored.
inline std::string octets_of_hex(std::string_view hex) {
  const auto value = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  std::string out, digits;
  for (const char c : hex)
    if (c != ' ') digits.push_back(c);
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    out.push_back(static_cast<char>(value(digits[i]) * 16 + value(digits[i + 1])));
  return out;
}

}  // namespace ph::codec::testing
