// Input: the text of a TXT record. Oracles: no crash; what is read is within its bounds; white
// space and a ";" at its end change nothing; a record that is read is one of DMARC.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mailauth/dmarc_record.h"

namespace {

void require(bool fine) {
  if (!fine) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t octets) {
  using namespace ph::mailauth;
  const std::string_view text(reinterpret_cast<const char*>(data), octets);
  const auto record = parse_dmarc_record(text);
  if (!record) return 0;
  require(is_dmarc_record(text) && text.size() <= kDmarcRecordOctetsMax);
  require(record->percent <= 100 && record->problems.size() <= kDmarcProblemsMax);
  for (const auto* uris : {&record->aggregate_uris, &record->failure_uris}) {
    require(uris->size() <= kDmarcReportUrisMax);
    for (const auto& uri : *uris) require(uri.find(':') != uri.npos);
  }
  const std::string longer = std::string(text) + " ;";
  if (longer.size() > kDmarcRecordOctetsMax) return 0;
  const auto again = parse_dmarc_record(longer);
  require(again && again->policy == record->policy && again->subdomain == record->subdomain &&
          again->non_existent == record->non_existent && again->percent == record->percent &&
          again->aggregate_uris == record->aggregate_uris && again->problems == record->problems);
  return 0;
}
