// What a mailbox's rows hold, and their octets (docs/formats/mailbox.md). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "mailbox/port.h"
#include "mailbox/uid_ranges.h"

namespace ph::mailbox {

/// a/<account>: "account".
struct AccountRow {
  std::uint64_t modseq_ceiling = 1;  // every MODSEQ ever handed out is below it
  bool erasing = false;              // erase() has begun and must be ended before anything else
  Wall created{};
  bool operator==(const AccountRow&) const = default;
};

enum class Role : std::uint8_t { none = 0, inbox = 1 };

/// a/<account>: "mailbox/<id>".
struct MailboxRow {
  std::string id;  // random, never reused
  std::string name;
  std::uint32_t uidvalidity = 0;
  Role role = Role::none;
  Wall created{};
  bool operator==(const MailboxRow&) const = default;
};

/// m/<mailbox id>/<n>: "meta". Every batch in the partition checks its version and writes it, so
/// that two writers can never both win. The sums are those of this partition.
struct Meta {
  std::uint32_t uidvalidity = 0;
  std::uint32_t first_uid = 1;  // of the partition
  std::uint64_t uidnext = 1;    // 2^32 when all are used up
  std::uint64_t modseq_max = 0;
  std::uint64_t messages = 0;
  std::uint64_t octets = 0;
  bool closed = false;  // deliveries go to partition n + 1
  std::uint64_t blocks = 0;
  std::uint64_t markers = 0;
  std::uint64_t tail_after = 0;  // blocks whose key is above this UID are the tail: small ones
  std::uint64_t tail_blocks = 0;
  std::uint64_t tail_messages = 0;
  std::uint64_t tail_octets = 0;    // of their values
  std::uint64_t expunge_first = 0;  // rows e/[expunge_first, expunge_next) are there
  std::uint64_t expunge_next = 0;
  std::uint64_t expunge_floor = 0;  // expunges up to this MODSEQ are no longer listed
  std::uint64_t pending_modseq =
      0;  // this expunge is counted, but its rows are still in blocks; 0: none
  std::uint64_t pending_row = 0;  // the first e/ row that names it
  bool operator==(const Meta&) const = default;
};

/// One message in a block.
struct MessageRow {
  Uid uid;
  std::uint64_t modseq = 0;
  std::string email_id, thread_id;  // RFC 8474
  Wall internal_date{}, saved{};    // saved: RFC 8514
  std::uint64_t flags = 0;          // a bit each: seen, answered, flagged, deleted, draft
  std::vector<std::string> keywords;
  std::string blob;
  std::uint64_t blob_octets = 0;
  std::string prefix;
  std::string queue_id, message_id;
  bool operator==(const MessageRow&) const = default;
  std::uint64_t octets() const { return prefix.size() + blob_octets; }
};

/// m/<mailbox id>/<n>: "b/<last uid>".
struct Block {
  std::vector<MessageRow> messages;  // ascending uid, at least one
  bool operator==(const Block&) const = default;
  std::uint64_t modseq_max() const;
};

/// m/<mailbox id>/<n>: "!d/<day>/<once>": this delivery has been made.
struct Marker {
  Uid uid;
  std::string email_id;
  bool operator==(const Marker&) const = default;
};

/// m/<mailbox id>/<n>: "e/<row>".
struct Expunged {
  std::uint64_t modseq = 0;
  UidRanges uids;
  bool operator==(const Expunged&) const = default;
};

std::string format_account(const AccountRow& row);
Result<AccountRow> parse_account(std::string_view octets);
std::string format_mailbox(const MailboxRow& row);
Result<MailboxRow> parse_mailbox(std::string_view octets);
std::string format_meta(const Meta& meta);
Result<Meta> parse_meta(std::string_view octets);
std::string format_message(const MessageRow& row);
std::string format_block(const Block& block);
/// corrupt also when it holds no message or its UIDs do not ascend.
Result<Block> parse_block(std::string_view octets);
std::string format_marker(const Marker& marker);
Result<Marker> parse_marker(std::string_view octets);
std::string format_expunges(const std::vector<Expunged>& row);
Result<std::vector<Expunged>> parse_expunges(std::string_view octets);

}  // namespace ph::mailbox
