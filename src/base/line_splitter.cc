#include "base/line_splitter.h"

#include <algorithm>

#include "base/error.h"

namespace ph {

LineSplitter::Step LineSplitter::next(std::string_view input, std::size_t octets_max) {
  PH_CHECK(octets_max >= 2);
  std::size_t dropped = 0;
  if (skipping_) {
    const std::size_t end = input.find("\r\n");
    // A CR at the very end stays: its LF may come with the next octets.
    if (end == input.npos)
      return {What::more, {}, input.size() - (input.ends_with('\r') ? 1u : 0u)};
    dropped = end + 2;
    skipping_ = false;
  }

  const std::string_view rest = input.substr(dropped);
  const std::size_t window = std::min(rest.size(), octets_max);
  const auto faulty = [&](What what, std::size_t octets) {
    skipping_ = true;
    scanned_ = 0;
    return Step{what, {}, dropped + octets};
  };
  std::size_t i = scanned_;
  for (; i < window; ++i) {
    if (rest[i] == '\n') return faulty(What::bare_line_end, i + 1);
    if (rest[i] != '\r') continue;
    if (i + 1 >= window) break;  // the LF is not there yet, or would be one octet too many
    if (rest[i + 1] != '\n') return faulty(What::bare_line_end, i + 1);
    scanned_ = 0;
    return {What::line, rest.substr(0, i), dropped + i + 2};
  }
  // One octet fewer than we looked at: it may be the CR of the CRLF that ends the skipping.
  if (rest.size() >= octets_max) return faulty(What::too_long, octets_max - 1);
  scanned_ = i;
  return {What::more, {}, dropped};
}

}  // namespace ph
