// Input: an octet that says where to cut, and a report in any form. Oracles: no crash; the XML is
// read the same in any split; what is read and written again is read as the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mailauth/dmarc_report.h"
#include "mailauth/dmarc_summary.h"

namespace {

using namespace ph::mailauth;

void require(bool fine) {
  if (!fine) std::abort();
}

ph::Result<DmarcReportRead> read_in_pieces(std::string_view octets, std::size_t step) {
  DmarcReportParser parser;
  for (std::size_t at = 0; at < octets.size(); at += step) {
    if (auto fed = parser.feed(octets.substr(at, step)); !fed) return std::unexpected(fed.error());
  }
  return parser.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t octets) {
  if (octets < 2) return 0;
  const std::size_t step = data[0] % 64 + 1;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, octets - 1);
  const auto whole = read_in_pieces(input, input.size());
  const auto cut = read_in_pieces(input, step);
  require(whole.has_value() == cut.has_value());
  if (whole) require(whole->report == cut->report && whole->problems == cut->problems);

  const auto read = read_dmarc_report(input);
  if (!read) return 0;
  const DmarcSummary summary = summarise(read->report);
  require(summary.aligned <= summary.messages);
  require(summary.sources.size() <= read->report.rows.size());
  const std::string written = format_dmarc_report(read->report);
  const auto again = read_in_pieces(written, written.size());
  require(again.has_value());
  require(again->report == read->report);
  return 0;
}
