// Input: a header. Oracles: no crash; every hop's delay is at least 0 and no corrected time goes
// back; the drawings hold nothing that acts on a terminal or a browser.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "explain/journey.h"
#include "explain/journey_text.h"
#include "message/header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace explain = ph::explain;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ph::message::Header header = ph::message::parse_header(text);
  const explain::Journey journey =
      explain::trace(header.fields(), {.now = ph::wall_of(1763800000000), .own_domains = {}});
  std::optional<ph::Wall> before;
  for (const auto& hop : journey.hops) {
    if (hop.delay && hop.delay->count() < 0) std::abort();
    if (!hop.corrected) continue;
    if (before && *hop.corrected < *before) std::abort();
    before = hop.corrected;
  }
  if (journey.hops.empty() != !journey.last_trusted.has_value()) std::abort();
  const std::string told = explain::journey_text(journey, {});
  for (const char c : told)
    if (static_cast<unsigned char>(c) < ' ' && c != '\n') std::abort();
  const std::string page = explain::journey_html(journey);
  if (page.find("<script") != page.npos || page.find("=\"javascript") != page.npos) std::abort();
  return 0;
}
