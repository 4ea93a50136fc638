#include "mailbox/rows.h"

#include <algorithm>

#include "base/record.h"

namespace ph::mailbox {
namespace {

constexpr std::uint8_t kVersion = 1;

Uid uid_of(RecordReader& reader) {
  const auto value = reader.number();
  return Uid{value <= 0xffffffff ? static_cast<std::uint32_t>(value) : 0};
}

Result<MessageRow> parse_message(std::string_view octets) {
  MessageRow row;
  PH_TRY(auto reader, RecordReader::open(octets, kVersion));
  while (reader.next()) {
    switch (reader.tag()) {
      case 1: row.uid = uid_of(reader); break;
      case 2: row.modseq = reader.number(); break;
      case 3: row.email_id = reader.text(); break;
      case 4: row.thread_id = reader.text(); break;
      case 5: row.internal_date = wall_of(reader.signed_number()); break;
      case 6: row.saved = wall_of(reader.signed_number()); break;
      case 7: row.flags = reader.number(); break;
      case 8: row.keywords.emplace_back(reader.text()); break;
      case 9: row.blob = reader.text(); break;
      case 10: row.blob_octets = reader.number(); break;
      case 11: row.prefix = reader.text(); break;
      case 12: row.queue_id = reader.text(); break;
      case 13: row.message_id = reader.text(); break;
      default: break;
    }
  }
  if (reader.broken() || row.uid.value == 0) return fail(Kind::corrupt, "message row is broken");
  return row;
}

}  // namespace

std::uint64_t Block::modseq_max() const {
  std::uint64_t max = 0;
  for (const auto& row : messages) max = std::max(max, row.modseq);
  return max;
}

std::string format_account(const AccountRow& row) {
  return RecordWriter(kVersion)
      .number(1, row.modseq_ceiling)
      .number(2, row.erasing ? 1 : 0)
      .signed_number(3, unix_ms(row.created))
      .take();
}

Result<AccountRow> parse_account(std::string_view octets) {
  AccountRow row;
  PH_TRY(auto reader, RecordReader::open(octets, kVersion));
  while (reader.next()) {
    switch (reader.tag()) {
      case 1: row.modseq_ceiling = reader.number(); break;
      case 2: row.erasing = reader.number() != 0; break;
      case 3: row.created = wall_of(reader.signed_number()); break;
      default: break;
    }
  }
  if (reader.broken()) return fail(Kind::corrupt, "account row is broken");
  return row;
}

std::string format_mailbox(const MailboxRow& row) {
  return RecordWriter(kVersion)
      .text(1, row.id)
      .text(2, row.name)
      .number(3, row.uidvalidity)
      .number(4, static_cast<std::uint64_t>(row.role))
      .signed_number(5, unix_ms(row.created))
      .take();
}

Result<MailboxRow> parse_mailbox(std::string_view octets) {
  MailboxRow row;
  PH_TRY(auto reader, RecordReader::open(octets, kVersion));
  while (reader.next()) {
    switch (reader.tag()) {
      case 1: row.id = reader.text(); break;
      case 2: row.name = reader.text(); break;
      case 3: row.uidvalidity = uid_of(reader).value; break;
      case 4: row.role = reader.number() == 1 ? Role::inbox : Role::none; break;
      case 5: row.created = wall_of(reader.signed_number()); break;
      default: break;
    }
  }
  if (reader.broken() || row.id.empty() || row.uidvalidity == 0)
    return fail(Kind::corrupt, "mailbox row is broken");
  return row;
}

std::string format_meta(const Meta& meta) {
  RecordWriter out(kVersion);
  out.number(1, meta.uidvalidity).number(2, meta.first_uid).number(3, meta.uidnext);
  out.number(4, meta.modseq_max).number(5, meta.messages).number(6, meta.octets);
  out.number(7, meta.closed ? 1 : 0).number(8, meta.blocks).number(9, meta.markers);
  out.number(10, meta.tail_after).number(11, meta.tail_blocks);
  out.number(12, meta.tail_messages).number(13, meta.tail_octets);
  out.number(14, meta.expunge_first).number(15, meta.expunge_next);
  out.number(16, meta.expunge_floor);
  if (meta.pending_modseq != 0) out.number(17, meta.pending_modseq).number(18, meta.pending_row);
  return out.take();
}

Result<Meta> parse_meta(std::string_view octets) {
  Meta meta;
  PH_TRY(auto reader, RecordReader::open(octets, kVersion));
  while (reader.next()) {
    switch (reader.tag()) {
      case 1: meta.uidvalidity = uid_of(reader).value; break;
      case 2: meta.first_uid = uid_of(reader).value; break;
      case 3: meta.uidnext = reader.number(); break;
      case 4: meta.modseq_max = reader.number(); break;
      case 5: meta.messages = reader.number(); break;
      case 6: meta.octets = reader.number(); break;
      case 7: meta.closed = reader.number() != 0; break;
      case 8: meta.blocks = reader.number(); break;
      case 9: meta.markers = reader.number(); break;
      case 10: meta.tail_after = reader.number(); break;
      case 11: meta.tail_blocks = reader.number(); break;
      case 12: meta.tail_messages = reader.number(); break;
      case 13: meta.tail_octets = reader.number(); break;
      case 14: meta.expunge_first = reader.number(); break;
      case 15: meta.expunge_next = reader.number(); break;
      case 16: meta.expunge_floor = reader.number(); break;
      case 17: meta.pending_modseq = reader.number(); break;
      case 18: meta.pending_row = reader.number(); break;
      default: break;
    }
  }
  if (reader.broken() || meta.uidvalidity == 0 || meta.first_uid == 0 ||
      meta.uidnext < meta.first_uid)
    return fail(Kind::corrupt, "mailbox meta row is broken");
  return meta;
}

std::string format_message(const MessageRow& row) {
  RecordWriter out(kVersion);
  out.number(1, row.uid.value).number(2, row.modseq).text(3, row.email_id).text(4, row.thread_id);
  out.signed_number(5, unix_ms(row.internal_date)).signed_number(6, unix_ms(row.saved));
  if (row.flags != 0) out.number(7, row.flags);
  for (const auto& keyword : row.keywords) out.text(8, keyword);
  out.text(9, row.blob).number(10, row.blob_octets).text(11, row.prefix);
  if (!row.queue_id.empty()) out.text(12, row.queue_id);
  if (!row.message_id.empty()) out.text(13, row.message_id);
  return out.take();
}

std::string format_block(const Block& block) {
  RecordWriter out(kVersion);
  out.number(1, block.modseq_max());
  for (const auto& row : block.messages) out.text(2, format_message(row));
  return out.take();
}

Result<Block> parse_block(std::string_view octets) {
  Block block;
  PH_TRY(auto reader, RecordReader::open(octets, kVersion));
  while (reader.next()) {
    if (reader.tag() != 2) continue;
    PH_TRY(auto row, parse_message(reader.text()));
    if (!block.messages.empty() && row.uid <= block.messages.back().uid)
      return fail(Kind::corrupt, "the UIDs of a block do not ascend");
    block.messages.push_back(std::move(row));
  }
  if (reader.broken() || block.messages.empty()) return fail(Kind::corrupt, "block is broken");
  return block;
}

std::string format_marker(const Marker& marker) {
  return RecordWriter(kVersion).number(1, marker.uid.value).text(2, marker.email_id).take();
}

Result<Marker> parse_marker(std::string_view octets) {
  Marker marker;
  PH_TRY(auto reader, RecordReader::open(octets, kVersion));
  while (reader.next()) {
    switch (reader.tag()) {
      case 1: marker.uid = uid_of(reader); break;
      case 2: marker.email_id = reader.text(); break;
      default: break;
    }
  }
  if (reader.broken() || marker.uid.value == 0) return fail(Kind::corrupt, "marker is broken");
  return marker;
}

std::string format_expunges(const std::vector<Expunged>& row) {
  RecordWriter out(kVersion);
  for (const auto& one : row) out.number(1, one.modseq).text(2, format_ranges(one.uids));
  return out.take();
}

Result<std::vector<Expunged>> parse_expunges(std::string_view octets) {
  std::vector<Expunged> row;
  PH_TRY(auto reader, RecordReader::open(octets, kVersion));
  std::uint64_t modseq = 0;
  while (reader.next()) {
    if (reader.tag() == 1) modseq = reader.number();
    if (reader.tag() != 2) continue;
    PH_TRY(auto uids, parse_ranges(reader.text()));
    row.push_back({modseq, std::move(uids)});
  }
  if (reader.broken()) return fail(Kind::corrupt, "expunge row is broken");
  return row;
}

}  // namespace ph::mailbox
