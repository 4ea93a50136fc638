// Input: one octet that picks where to cut, then the wire. Oracles: the answer does not depend on
// the cut, and agrees with a decoder written another way (whole wire in memory, by lines).
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/smtp/testing/decode.h"

namespace {

using ph::smtp::DataDecoder;
using ph::smtp::testing::Decoded;

/// For wires whose every CR and LF is in a CRLF.
Decoded by_lines(std::string_view wire) {
  Decoded out;
  while (!wire.empty()) {
    const std::size_t end = wire.find("\r\n");
    std::string_view line = wire.substr(0, end);
    if (end != wire.npos && line == ".") {
      out.ended = true;
      out.rest = wire.substr(end + 2);
      return out;
    }
    if (line.starts_with('.')) line.remove_prefix(1);
    if (line.size() > ph::smtp::kDataLineOctetsMax) out.fault = DataDecoder::Fault::line_too_long;
    out.content += line;
    if (end == wire.npos) return out;
    out.content += "\r\n";
    wire.remove_prefix(end + 2);
  }
  return out;
}

bool only_crlf(std::string_view wire) {
  for (std::size_t i = 0; i < wire.size(); ++i) {
    if (wire[i] == '\n' && (i == 0 || wire[i - 1] != '\r')) return false;
    if (wire[i] == '\r' && (i + 1 == wire.size() || wire[i + 1] != '\n')) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view wire(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = wire.empty() ? 0 : data[0] % (wire.size() + 1);
  const Decoded whole = ph::smtp::testing::decode(wire);
  const Decoded parts = ph::smtp::testing::decode(wire, {cut});
  if (parts.fault != whole.fault || parts.ended != whole.ended) std::abort();
  if (whole.fault == DataDecoder::Fault::none && parts != whole) std::abort();
  if (only_crlf(wire) && whole.fault == DataDecoder::Fault::none && whole != by_lines(wire))
    std::abort();
  return 0;
}
