// Input: a field's value. Oracles: no crash; every text is valid UTF-8 and every offset inside; an
// address, date or identifier that was read is read again from what is written of it.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "message/address.h"
#include "message/address_list.h"
#include "message/auth_fields.h"
#include "message/builder.h"
#include "message/date.h"
#include "message/field_values.h"
#include "message/readable.h"
#include "message/received_parse.h"

namespace {

using namespace ph::message;

void require(bool fine) {
  if (!fine) std::abort();
}

void addresses(std::string_view text) {
  const AddressList list = parse_address_list(text);
  require(list.mailboxes.size() <= kMailboxesMax && list.findings.size() <= kAddressFindingsMax);
  for (const auto& group : list.groups) require(group.first + group.count <= list.mailboxes.size());
  for (const Mailbox& one : list.mailboxes) {
    require(one.offset <= text.size());
    for (const std::string* part : {&one.name, &one.local, &one.domain, &one.comment})
      require(valid_utf8(*part) == *part);
    // What our own grammar takes comes back the same.
    const auto strict = parse_address(to_string(Address{one.local, one.domain}));
    if (!strict || one.local.empty() || one.domain.empty() || !is_ascii(*strict)) continue;
    if (one.domain.find(':') != one.domain.npos) continue;
    const AddressList again = parse_address_list("<" + to_string(*strict) + ">");
    require(again.mailboxes.size() == 1 && again.mailboxes[0].local == one.local);
  }
}

void dates(std::string_view text) {
  const auto date = read_date(text);
  if (!date || !date->zone) return;
  const auto again = read_date(format_date(date->at, *date->zone));
  require(again.has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  addresses(text);
  dates(text);
  for (const std::string& id : parse_message_ids(text))
    require(!id.empty() && valid_utf8(id) == id);
  for (const std::string& item : parse_text_list(text)) require(!item.empty());
  for (const ListTarget& one : parse_list_field(text))
    require(valid_utf8(one.target) == one.target);
  const ReceivedLine line = parse_received(text);
  for (const std::string* part : {&line.from, &line.helo, &line.by, &line.id, &line.with})
    require(part->size() <= 3 * text.size());
  const AuthResults results = parse_auth_results(text);
  require(results.methods.size() <= kAuthMethodsMax && results.instance <= kArcInstancesMax);
  const ReceivedSpf spf = parse_received_spf(text);
  require(spf.pairs.size() <= kAuthPropertiesMax);
  require(parse_tag_list(text).size() <= kTagsMax);
  return 0;
}
