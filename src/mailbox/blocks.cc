#include "mailbox/blocks.h"

#include <algorithm>

#include "mailbox/limits.h"
#include "mailbox/names.h"

namespace ph::mailbox {
namespace {

constexpr std::size_t kFieldOctets = 4;  // tag and length around a row in a block

}  // namespace

std::vector<PackedBlock> pack(const std::vector<MessageRow>& rows) {
  std::vector<PackedBlock> out;
  Block block;
  std::size_t octets = 0;
  const auto close = [&] {
    if (block.messages.empty()) return;
    const Uid last = block.messages.back().uid;
    out.push_back({block_key(last), format_block(block), block.messages.size(), last});
    block.messages.clear();
    octets = 0;
  };
  for (const auto& row : rows) {
    const std::size_t more = format_message(row).size() + kFieldOctets;
    if (block.messages.size() == kBlockMessagesMax || octets + more > kBlockOctetsMax) close();
    octets += more;
    block.messages.push_back(row);
  }
  close();
  return out;
}

bool tail_is_full(const Meta& meta, std::uint64_t messages, std::uint64_t octets) {
  return meta.tail_blocks > 0 && (meta.tail_messages + messages >= kBlockMessagesMax ||
                                  meta.tail_octets + octets >= kBlockOctetsMax);
}

Append plan_append(Meta meta, std::vector<MessageRow> rows, std::vector<std::string> folded_keys,
                   std::vector<MessageRow> folded_rows) {
  PH_CHECK(!rows.empty() && rows.front().uid.value >= meta.uidnext);
  Append plan;
  for (const auto& row : rows) {
    meta.octets += row.octets();
    meta.modseq_max = std::max(meta.modseq_max, row.modseq);
  }
  meta.messages += rows.size();
  meta.uidnext = std::uint64_t{rows.back().uid.value} + 1;

  const bool folds = !folded_keys.empty();
  std::ranges::move(rows, std::back_inserter(folded_rows));
  auto blocks = pack(folded_rows);
  if (folds) {
    PH_CHECK(meta.blocks >= folded_keys.size());
    meta.blocks -= folded_keys.size();
    meta.tail_blocks = meta.tail_messages = meta.tail_octets = 0;
    // A key may be deleted and put in one batch only as a put.
    for (auto& key : folded_keys)
      if (std::ranges::find(blocks, key, &PackedBlock::key) == blocks.end())
        plan.puts.push_back({std::move(key), std::nullopt});
  }
  meta.blocks += blocks.size();
  // Full blocks leave the tail only when nothing small lies before them.
  if (meta.tail_blocks == 0) {
    const bool last_is_full = blocks.back().messages == kBlockMessagesMax ||
                              blocks.back().value.size() >= kBlockOctetsFull;
    const std::size_t full = blocks.size() - (last_is_full ? 0 : 1);
    if (full > 0) meta.tail_after = blocks[full - 1].last.value;
    meta.tail_messages = meta.tail_octets = 0;
    if (!last_is_full) {
      meta.tail_blocks = 1;
      meta.tail_messages = blocks.back().messages;
      meta.tail_octets = blocks.back().value.size();
    }
  } else {
    for (const auto& block : blocks) {
      ++meta.tail_blocks;
      meta.tail_messages += block.messages;
      meta.tail_octets += block.value.size();
    }
  }
  for (auto& block : blocks) plan.puts.push_back({std::move(block.key), std::move(block.value)});
  plan.meta = std::move(meta);
  return plan;
}

Rewrite without(const std::string& key, Block block, const UidRanges& uids) {
  Rewrite out{{key, std::nullopt}, {}};
  Block left;
  for (auto& row : block.messages)
    (uids.contains(row.uid) ? out.removed : left.messages).push_back(std::move(row));
  // The key stays though its own UID may be gone: it still says up to where the block covers.
  if (!left.messages.empty()) out.put.value = format_block(left);
  return out;
}

void count_rewrite(Meta& meta, const Rewrite& rewrite, std::size_t value_octets) {
  const auto take = [](std::uint64_t& from, std::uint64_t amount) {
    from -= std::min(from, amount);  // bookkeeping of the tail only; never wraps
  };
  const std::size_t left_octets = rewrite.put.value ? rewrite.put.value->size() : 0;
  if (!rewrite.put.value) take(meta.blocks, 1);
  const auto last = uid_of_block_key(rewrite.put.key);
  if (!last || last->value <= meta.tail_after) return;
  if (!rewrite.put.value) take(meta.tail_blocks, 1);
  take(meta.tail_messages, rewrite.removed.size());
  take(meta.tail_octets, value_octets - std::min(value_octets, left_octets));
}

}  // namespace ph::mailbox
