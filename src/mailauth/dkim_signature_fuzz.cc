// Input: a DKIM-Signature, ARC field, or a record of DKIM or DMARC. Oracles: no crash; what is read
// is within its bounds.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mailauth/arc_parts.h"
#include "mailauth/dkim_record.h"
#include "mailauth/dkim_signature.h"
#include "mailauth/dmarc_record.h"

namespace {

void require(bool fine) {
  if (!fine) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t octets) {
  using namespace ph::mailauth;
  const std::string_view text(reinterpret_cast<const char*>(data), octets);
  if (const auto list = TagList::parse(text)) {
    require(list->tags().size() <= kTagsMax);
    for (const Tag& tag : list->tags()) require(list->find(tag.name) == tag.value);
  }
  if (const auto signature = parse_dkim_signature(text)) {
    require(!signature->domain.empty() && !signature->selector.empty());
    require(!signature->fields.empty() && signature->fields.size() <= kDkimSignedFieldsMax);
  }
  (void)parse_arc_message_signature(text);
  (void)parse_arc_seal(text);
  (void)arc_results(text);
  (void)parse_dkim_record(text);
  if (const auto record = parse_dmarc_record(text)) {
    require(record->percent <= 100);
    require(record->aggregate_uris.size() <= kDmarcReportUrisMax);
  }
  require(without_signature(text).size() <= text.size());
  return 0;
}
