// Runs a DataDecoder over a wire that is cut at given places.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "wire/smtp/data_decoder.h"

namespace ph::smtp::testing {

struct Decoded {
  std::string content, rest;
  bool ended = false;
  DataDecoder::Fault fault = DataDecoder::Fault::none;
  bool operator==(const Decoded&) const = default;
};

/// `cuts` ascend. The rest is what the decoder left for the command parser.
inline Decoded decode(std::string_view wire, std::vector<std::size_t> cuts = {}) {
  DataDecoder decoder;
  Decoded out;
  cuts.push_back(wire.size());
  std::size_t at = 0;
  for (const std::size_t cut : cuts) {
    while (at < cut && !out.ended) {
      const auto slice = decoder.next(std::span(wire.data() + at, cut - at));
      PH_CHECK(slice.consumed >= 1 && slice.consumed <= cut - at);
      out.content.append(slice.content.data(), slice.content.size());
      at += slice.consumed;
      out.ended = slice.end;
    }
  }
  if (out.ended) out.rest = wire.substr(at);
  out.fault = decoder.fault();
  return out;
}

}  // namespace ph::smtp::testing
