#include "feedback/rows.h"

#include <fmt/format.h>

#include "base/decimal.h"
#include "base/hash.h"
#include "base/record.h"
#include "codec/base32.h"
#include "crypto/hash.h"

namespace ph::feedback {
namespace {

using Row = mailauth::DmarcReport::Row;

std::string hashed(std::string_view octets) {
  return codec::encode_base32(crypto::sha256(octets).substr(0, 16));
}

enum RowTag : std::uint32_t {
  kIp = 1,
  kCount,
  kDisposition,
  kDkim,
  kSpf,
  kHeaderFrom,
  kEnvelopeFrom,
  kReasonType,  // begins one
  kReasonComment,
  kDkimDomain,  // begins one
  kDkimSelector,
  kDkimResult,
  kSpfDomain,  // begins one
  kSpfScope,
  kSpfResult,
};

/// The last of a list; nullptr: none was begun.
template <class T>
T* last(std::vector<T>& list) {
  return list.empty() ? nullptr : &list.back();
}

void put_field(Row& row, RecordReader& reader) {
  const std::string text(reader.text());
  auto* reason = last(row.reasons);
  auto* dkim = last(row.dkim_results);
  auto* spf = last(row.spf_results);
  switch (reader.tag()) {
    case kIp: row.source_ip = text; break;
    case kCount: row.count = reader.number(); break;
    case kDisposition: row.disposition = text; break;
    case kDkim: row.dkim = text; break;
    case kSpf: row.spf = text; break;
    case kHeaderFrom: row.header_from = text; break;
    case kEnvelopeFrom: row.envelope_from = text; break;
    case kReasonType: row.reasons.push_back({text, ""}); break;
    case kReasonComment:
      if (reason) reason->comment = text;
      break;
    case kDkimDomain: row.dkim_results.push_back({.domain = text}); break;
    case kDkimSelector:
      if (dkim) dkim->selector = text;
      break;
    case kDkimResult:
      if (dkim) dkim->result = text;
      break;
    case kSpfDomain: row.spf_results.push_back({.domain = text}); break;
    case kSpfScope:
      if (spf) spf->scope = text;
      break;
    case kSpfResult:
      if (spf) spf->result = text;
      break;
    default: break;
  }
}

}  // namespace

std::string day_key(std::uint32_t day) { return fmt::format("d/{:06}", day); }

std::optional<std::uint32_t> parse_day_key(std::string_view key) {
  if (!key.starts_with("d/")) return std::nullopt;
  key.remove_prefix(2);
  while (key.size() > 1 && key.front() == '0') key.remove_prefix(1);
  return parse_decimal(key, 1'000'000);
}

store::Partition slot_partition(std::uint32_t day, unsigned slot) {
  return fmt::format("f/{}/{:x}", day, slot);
}

unsigned slot_of(std::string_view domain) {
  return static_cast<unsigned>(fnv1a(domain) % kFeedbackSlots);
}

std::string group_id(std::string_view domain, std::string_view record) {
  std::string both(domain);
  both += '\0';
  both += record;
  return hashed(both);
}

std::string group_key(std::string_view group) { return fmt::format("{}{}", kGroupPrefix, group); }
std::string closed_key(std::string_view group, std::uint32_t part) {
  return fmt::format("{}{}/{:06}", kClosedPrefix, group, part);
}
std::string row_prefix(std::string_view group, std::uint32_t part) {
  return fmt::format("r/{}/{:06}/", group, part);
}
std::string row_key(std::string_view group, std::uint32_t part, std::string_view packed) {
  return row_prefix(group, part) + hashed(packed);
}

std::string format_totals(const Totals& totals) {
  return RecordWriter(1).number(1, totals.groups).number(2, totals.rows).take();
}

Result<Totals> parse_totals(std::string_view octets) {
  Totals totals;
  PH_TRY(auto reader, RecordReader::open(octets, 1));
  while (reader.next()) {
    if (reader.tag() == 1) totals.groups = reader.number();
    if (reader.tag() == 2) totals.rows = reader.number();
  }
  if (reader.broken()) return fail(Kind::corrupt, "the totals of a day's reports are damaged");
  return totals;
}

std::string format_group(const Group& group) {
  RecordWriter writer(1);
  writer.text(1, group.domain)
      .text(2, group.record)
      .number(3, group.part)
      .signed_number(4, unix_ms(group.begin))
      .signed_number(5, unix_ms(group.end))
      .number(6, group.messages)
      .number(7, group.rows)
      .number(8, group.omitted);
  for (const std::string& uri : group.done) writer.text(9, uri);
  if (!group.claimant.empty())
    writer.text(10, group.claimant).signed_number(11, unix_ms(group.claimed_until));
  return writer.take();
}

Result<Group> parse_group(std::string_view octets) {
  Group group;
  PH_TRY(auto reader, RecordReader::open(octets, 1));
  while (reader.next()) {
    switch (reader.tag()) {
      case 1: group.domain = reader.text(); break;
      case 2: group.record = reader.text(); break;
      case 3: group.part = static_cast<std::uint32_t>(reader.number()); break;
      case 4: group.begin = wall_of(reader.signed_number()); break;
      case 5: group.end = wall_of(reader.signed_number()); break;
      case 6: group.messages = reader.number(); break;
      case 7: group.rows = reader.number(); break;
      case 8: group.omitted = reader.number(); break;
      case 9: group.done.emplace_back(reader.text()); break;
      case 10: group.claimant = reader.text(); break;
      case 11: group.claimed_until = wall_of(reader.signed_number()); break;
      default: break;
    }
  }
  if (reader.broken() || group.domain.empty())
    return fail(Kind::corrupt, "what was collected for a report is damaged");
  return group;
}

std::string format_row(const Row& row) {
  RecordWriter writer(1);
  writer.text(kIp, row.source_ip);
  if (row.count > 0) writer.number(kCount, row.count);
  writer.text(kDisposition, row.disposition).text(kDkim, row.dkim).text(kSpf, row.spf);
  writer.text(kHeaderFrom, row.header_from).text(kEnvelopeFrom, row.envelope_from);
  for (const auto& reason : row.reasons)
    writer.text(kReasonType, reason.type).text(kReasonComment, reason.comment);
  for (const auto& dkim : row.dkim_results)
    writer.text(kDkimDomain, dkim.domain)
        .text(kDkimSelector, dkim.selector)
        .text(kDkimResult, dkim.result);
  for (const auto& spf : row.spf_results)
    writer.text(kSpfDomain, spf.domain).text(kSpfScope, spf.scope).text(kSpfResult, spf.result);
  return writer.take();
}

Result<Row> parse_row(std::string_view octets) {
  Row row;
  PH_TRY(auto reader, RecordReader::open(octets, 1));
  while (reader.next()) put_field(row, reader);
  if (reader.broken() || row.source_ip.empty())
    return fail(Kind::corrupt, "a row of a report is damaged");
  return row;
}

}  // namespace ph::feedback
