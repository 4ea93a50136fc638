#include "message/check_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "message/address_list.h"
#include "message/date.h"
#include "message/field_values.h"

namespace ph::message {
namespace {

using Findings = std::vector<FieldFinding>;

void add(Findings& out, const Field& field, FieldFinding finding) {
  if (out.size() == kFieldFindingsMax) return;
  finding.field = std::string(field.name);
  finding.offset += field.offset;
  out.push_back(std::move(finding));
}

void check_date(const Field& field, Findings& out) {
  const auto read = read_date(field.value);
  if (!read) {
    return add(out, field,
               {"date-unreadable", "RFC 5322 §3.3", "the date cannot be read",
                "readers show another date, or none, and sort the message wrongly", "", 0});
  }
  for (const std::string_view odd : read->odd) {
    add(out, field,
        {"date-unusual", "RFC 5322 §3.3", std::string(odd), "some readers take it for another date",
         "", 0});
  }
}

void check_addresses(const Field& field, Findings& out) {
  const auto list = parse_address_list(field.value);
  // The value begins behind the colon: offsets in it count from there.
  const auto behind = static_cast<std::uint64_t>(field.value.data() - field.raw.data());
  for (const auto& each : list.findings) {
    add(out, field,
        {"address-syntax", "RFC 5322 §3.4", std::string(each.what),
         "readers and relays guess what is meant, and not all alike", "", behind + each.offset});
  }
  if (same_ascii(field.name, "from") && list.mailboxes.empty()) {
    add(out, field,
        {"from-empty", "RFC 5322 §3.6.2", "the field has no address",
         "receivers cannot say who wrote it, and many refuse it", "", 0});
  }
}

void check_identifier(const Field& field, Findings& out) {
  const auto ids = parse_message_ids(field.value);
  const bool bare = field.value.find('<') == std::string_view::npos;
  if (ids.size() != 1 || bare) {
    add(out, field,
        {"message-id-syntax", "RFC 5322 §3.6.4",
         ids.empty() ? "there is no identifier" : "it is not one identifier in <>",
         "replies cannot be put to it, and duplicates are not seen", "", 0});
  } else if (ids.front().find('@') == std::string::npos) {
    add(out, field,
        {"message-id-syntax", "RFC 5322 §3.6.4", "the identifier has no \"@\"",
         "some programs do not take it for one", "", 0});
  }
}

}  // namespace

std::vector<FieldFinding> check_fields(const Header& header) {
  constexpr std::array<std::string_view, 11> with_addresses{
      "from",        "sender",    "reply-to",  "to",         "cc",           "bcc",
      "resent-from", "resent-to", "resent-cc", "resent-bcc", "resent-sender"};
  Findings out;
  for (const Field& field : header.fields()) {
    const auto is = [&](std::string_view name) { return same_ascii(field.name, name); };
    if (is("date") || is("resent-date")) check_date(field, out);
    if (is("message-id") || is("resent-message-id")) check_identifier(field, out);
    if (std::ranges::any_of(with_addresses, is)) check_addresses(field, out);
  }
  return out;
}

}  // namespace ph::message
