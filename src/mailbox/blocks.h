// How messages are packed into blocks: appended in small ones, folded into full ones. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mailbox/rows.h"
#include "mailbox/uid_ranges.h"
#include "store/store.h"

namespace ph::mailbox {

/// A block as it is to be stored.
struct PackedBlock {
  std::string key, value;
  std::uint64_t messages = 0;
  Uid last;
};

/// Ascending rows into as few blocks as the limits allow (kBlockMessagesMax, kBlockOctetsMax). All
/// but the last one are full.
std::vector<PackedBlock> pack(const std::vector<MessageRow>& rows);

/// Must the tail be folded when `messages` more rows of `octets` are appended to it? Each message
/// is so written about twice: once in a small block, once in a full one.
bool tail_is_full(const Meta& meta, std::uint64_t messages, std::uint64_t octets);

/// What appending does to the partition: puts and the meta row after it.
struct Append {
  std::vector<store::Put> puts;
  Meta meta;
};
/// `rows` ascend from meta.uidnext on and have their final UIDs and MODSEQs. `folded`: the tail's
/// keys and rows, when tail_is_full(); else empty and the rows become small blocks of their own.
Append plan_append(Meta meta, std::vector<MessageRow> rows, std::vector<std::string> folded_keys,
                   std::vector<MessageRow> folded_rows);

/// A block with some of its messages taken out.
struct Rewrite {
  store::Put put;                   // without a value when nothing is left
  std::vector<MessageRow> removed;  // empty: the block stays as it is
};
Rewrite without(const std::string& key, Block block, const UidRanges& uids);

/// Counts of `meta` after this rewrite of the block that had `value_octets`.
void count_rewrite(Meta& meta, const Rewrite& rewrite, std::size_t value_octets);

}  // namespace ph::mailbox
