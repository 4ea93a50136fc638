// Names of what a mailbox keeps: partitions, keys, blob holders, ids (docs/formats/mailbox.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mailbox/port.h"
#include "rt/world.h"
#include "store/store.h"

namespace ph::mailbox {

inline constexpr std::string_view kAccountKey = "account";
inline constexpr std::string_view kMailboxKeys = "mailbox/";
inline constexpr std::string_view kMetaKey = "meta";

/// 128 random bits as 26 base32 characters (codec/base32.h).
std::string random_id(rt::Random& random);

std::string account_partition(std::string_view account);
std::string mailbox_partition(std::string_view mailbox_id, std::uint32_t n);
std::string mailbox_key(std::string_view mailbox_id);
/// Sorts as the number does; `last` is the last UID that the block covers.
std::string block_key(Uid last);
std::string expunge_key(std::uint64_t row);
std::string marker_key(std::uint32_t day, std::string_view once);
/// All keys of one sort, from `key` on.
store::Range blocks_from(Uid uid);
store::Range expunges_from(std::uint64_t row);
store::Range markers_before(std::uint32_t day);
/// The UID of a block's key; nullopt: not such a key.
std::optional<Uid> uid_of_block_key(std::string_view key);

/// Names the row that holds a blob: "<partition>\tu/<uid>/<blob>". Rows move from block to block,
/// so the holder names the message, not the block's key; the blob is part of it because a UID that
/// a failed delivery had proposed is proposed again.
struct Holder {
  std::string partition;
  Uid uid;
  std::string blob;
};
std::string format_holder(std::string_view partition, Uid uid, std::string_view blob);
std::optional<Holder> parse_holder(std::string_view text);

/// RFC 8474 §5.2 THREADID: copies with the same Message-ID are in one thread; without a Message-ID
/// the message is its own.
std::string thread_id(std::string_view message_id, std::string_view email_id);

}  // namespace ph::mailbox
