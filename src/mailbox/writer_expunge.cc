// Expunges: counted and listed in one batch, however many they are; the blocks follow in the same
// batch or, when they are too large for it, in further ones.
#include <algorithm>

#include "mailbox/names.h"
#include "mailbox/writer.h"

namespace ph::mailbox {

struct Writer::Found {
  UidRanges uids;  // those that are there
  std::uint64_t messages = 0, octets = 0;
  bool whole = true;  // all of them are in the puts
  Uid resume;         // not whole: the first UID that is not
  std::vector<store::Put> puts;
  std::vector<Link> links;  // blobs to let go when the puts are committed
  Meta meta;                // with the counts of blocks after the puts
};

namespace {

constexpr std::size_t kRangesPerRowMax = kExpungeRowOctetsMax / 10;  // two varints of 5 octets each
constexpr std::size_t kRowsTrimmedMax = 64;

}  // namespace

Task<Result<Done>> Writer::expunge(std::string mailbox_id, UidRanges uids, store::Opt opt) {
  if (uids.empty()) co_return Done{};
  std::size_t n = 0;
  int tries = 0;
  for (;;) {
    auto round = co_await expunge_round(mailbox_id, n, uids, opt);
    if (round) {
      if (*round == Round::no_partition) co_return Done{};
      ++n;
      tries = 0;
      continue;
    }
    // A repeat is safe: what an unknown outcome has removed is not found again.
    Error error = std::move(round).error();
    const bool repeat = error.kind == Kind::conflict || error.kind == Kind::unknown;
    if (repeat && ++tries < kCommitTriesMax) continue;
    if (repeat) error.kind = Kind::unavailable;
    co_return std::unexpected(std::move(error));
  }
}

Task<Result<Writer::Round>> Writer::expunge_round(std::string mailbox_id, std::size_t n,
                                                  UidRanges uids, store::Opt opt) {
  PH_CO_TRY([[maybe_unused]] auto opened, co_await open(opt));
  const auto mailbox = std::ranges::find(state_->mailboxes, mailbox_id,
                                         [](const MailboxState& m) { return m.row.id; });
  if (mailbox == state_->mailboxes.end()) co_return fail(Kind::not_found, "the mailbox is gone");
  if (n >= mailbox->partitions.size()) co_return Round::no_partition;
  PartitionState& partition = mailbox->partitions[n];
  const Uid first{partition.meta.first_uid};
  if (partition.meta.uidnext == first.value) co_return Round::next_partition;  // nothing in it yet
  const Uid last{static_cast<std::uint32_t>(partition.meta.uidnext - 1)};
  PH_CO_TRY(auto found,
            co_await find(partition.name, partition.meta, uids.between(first, last), false, opt));
  if (found.messages == 0) co_return Round::next_partition;

  PH_CO_TRY(const std::uint64_t modseq, co_await next_modseq(partition.meta.modseq_max, opt));
  Meta after = found.whole ? found.meta : partition.meta;
  if (after.messages < found.messages || after.octets < found.octets) {
    forget();
    co_return fail(Kind::conflict, "another server has written to the mailbox");
  }
  after.messages -= found.messages;
  after.octets -= found.octets;
  after.modseq_max = modseq;
  if (!found.whole) after.pending_modseq = modseq;
  store::Batch rows;
  PH_CO_TRY([[maybe_unused]] auto listed,
            co_await add_expunge_rows(partition.name, &after,
                                      Expunged{modseq, std::move(found.uids)}, &rows, opt));
  store::Batch batch = batch_for(partition, after);
  std::ranges::move(rows.puts, std::back_inserter(batch.puts));
  if (found.whole) std::ranges::move(found.puts, std::back_inserter(batch.puts));
  PH_CO_TRY(partition.version, co_await commit(partition.name, std::move(batch), opt));
  partition.meta = after;
  publish();
  if (found.whole) {
    co_await unlink(std::move(found.links), opt);
    co_return Round::next_partition;
  }
  // It is done and durable; if the blocks cannot follow now, whoever opens the account next does
  // it.
  const auto cleaned = co_await clean_pending(&partition, opt);
  if (!cleaned) {
    services_.world.log.error("mailbox.expunge", cleaned.error());
    forget();
  }
  co_return Round::next_partition;
}

/// Looks through the blocks that may hold `uids`. With `stop_when_large` it ends where one batch is
/// full; without, it goes on counting, and the puts are of no use.
Task<Result<Writer::Found>> Writer::find(std::string partition, Meta meta, UidRanges uids,
                                         bool stop_when_large, store::Opt opt) {
  Found found;
  found.meta = std::move(meta);
  std::size_t put_octets = 0;
  for (Uid uid = uids.next(Uid{1}); uid.value != 0;) {
    PH_CO_TRY(auto page,
              co_await services_.store.scan(partition, blocks_from(uid), kScanBlocksPerPage, opt));
    if (page.records.empty()) break;
    for (auto& record : page.records) {
      const auto last = uid_of_block_key(record.key);
      if (!last) co_return fail(Kind::corrupt, "a block's key is broken", record.key);
      if (uid.value == 0) break;
      if (*last < uid) continue;  // lies between two of those that are looked for
      auto block = parse_block(record.value);
      uid = last->value == 0xffffffff ? Uid{} : uids.next(Uid{last->value + 1});
      if (!block) {  // fenced off: its messages stay
        services_.world.log.error("mailbox.block", block.error());
        continue;
      }
      auto rewrite = without(record.key, *std::move(block), uids);
      if (rewrite.removed.empty()) continue;
      // Damage must not end the process: a UID that is in two blocks is taken out of the first.
      if (!found.uids.empty() && rewrite.removed.front().uid <= found.uids.ranges().back().last) {
        services_.world.log.write(rt::Level::error, "mailbox.block", {{"key", record.key}});
        continue;
      }
      put_octets += rewrite.put.value ? rewrite.put.value->size() : 0;
      if (found.puts.size() >= kRewritePutsMax || put_octets > kRewriteOctetsMax) {
        found.whole = false;
        found.resume = rewrite.removed.front().uid;
        if (stop_when_large) co_return found;
      }
      for (const auto& row : rewrite.removed) {
        found.uids.append(row.uid);
        found.octets += row.octets();
        ++found.messages;
        if (found.whole)
          found.links.push_back({row.blob, format_holder(partition, row.uid, row.blob)});
      }
      if (!found.whole) continue;
      count_rewrite(found.meta, rewrite, record.value.size());
      found.puts.push_back(std::move(rewrite.put));
    }
  }
  co_return found;
}

/// Puts the UIDs into e/ rows: at the end of the last one while that is small, else into new ones.
/// The oldest rows go when there are too many, and the floor rises to what they held.
Task<Result<Done>> Writer::add_expunge_rows(std::string partition, Meta* meta, Expunged expunged,
                                            store::Batch* batch, store::Opt opt) {
  std::vector<std::string> keys;
  if (meta->expunge_next > meta->expunge_first) keys.push_back(expunge_key(meta->expunge_next - 1));
  std::vector<Expunged> open_row;
  if (!keys.empty()) {
    PH_CO_TRY(auto records, co_await services_.store.get(partition, std::move(keys), opt));
    if (!records.empty() && records.front().value.size() < kExpungeAppendOctetsMax) {
      auto row = parse_expunges(records.front().value);
      if (row) {
        open_row = *std::move(row);
        --meta->expunge_next;
      } else {
        services_.world.log.error("mailbox.expunges", row.error());
      }
    }
  }
  if (meta->pending_modseq != 0) meta->pending_row = meta->expunge_next;
  const auto& ranges = expunged.uids.ranges();
  for (std::size_t from = 0; from < ranges.size(); from += kRangesPerRowMax) {
    UidRanges part;
    const std::size_t to = std::min(ranges.size(), from + kRangesPerRowMax);
    for (std::size_t i = from; i < to; ++i) part.append(ranges[i]);
    open_row.push_back({expunged.modseq, std::move(part)});
    batch->puts.push_back({expunge_key(meta->expunge_next++), format_expunges(open_row)});
    open_row.clear();
  }
  const std::uint64_t kept = meta->expunge_next - meta->expunge_first;
  if (kept <= kExpungeRowsMax) co_return Done{};
  std::vector<std::string> oldest;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(kept - kExpungeRowsMax, kRowsTrimmedMax);
       ++i)
    oldest.push_back(expunge_key(meta->expunge_first + i));
  meta->expunge_first += oldest.size();
  for (const auto& key : oldest) batch->puts.push_back({key, std::nullopt});
  PH_CO_TRY(auto records, co_await services_.store.get(partition, std::move(oldest), opt));
  for (const auto& record : records) {
    const auto row = parse_expunges(record.value);
    // A row that cannot be read: nothing older than this expunge can be told any more.
    if (!row) meta->expunge_floor = expunged.modseq - 1;
    if (!row) continue;
    for (const auto& one : *row) meta->expunge_floor = std::max(meta->expunge_floor, one.modseq);
  }
  co_return Done{};
}

Task<Result<UidRanges>> Writer::pending_uids(PartitionState partition, store::Opt opt) {
  UidRanges uids;
  store::Range range = expunges_from(partition.meta.pending_row);
  for (bool more = true; more;) {
    PH_CO_TRY(auto page,
              co_await services_.store.scan(partition.name, range, store::Limits::page_keys, opt));
    for (const auto& record : page.records) {
      PH_CO_TRY(auto row, parse_expunges(record.value));
      for (const auto& one : row) {
        if (one.modseq != partition.meta.pending_modseq) continue;
        for (const auto& part : one.uids.ranges()) {
          if (!uids.empty() && part.first <= uids.ranges().back().last)
            co_return fail(Kind::corrupt, "the rows of an expunge do not ascend");
          uids.append(part);
        }
      }
    }
    more = page.next.has_value();
    if (more) range.begin = *page.next;
  }
  co_return uids;
}

Task<Result<Done>> Writer::clean_pending(PartitionState* partition, store::Opt opt) {
  PH_CO_TRY(auto uids, co_await pending_uids(*partition, opt));
  while (partition->meta.pending_modseq != 0) {
    PH_CO_TRY(auto found, co_await find(partition->name, partition->meta, uids, true, opt));
    if (found.whole) found.meta.pending_modseq = found.meta.pending_row = 0;
    store::Batch batch = batch_for(*partition, found.meta);
    std::ranges::move(found.puts, std::back_inserter(batch.puts));
    PH_CO_TRY(partition->version, co_await commit(partition->name, std::move(batch), opt));
    partition->meta = std::move(found.meta);
    co_await unlink(std::move(found.links), opt);
    uids = uids.between(found.resume, Uid{0xffffffff});
  }
  co_return Done{};
}

/// After the rows are gone. What fails here the store's sweep finds by holder_alive().
Task<void> Writer::unlink(std::vector<Link> links, store::Opt opt) {
  if (links.empty()) co_return;
  const auto results =
      co_await change_links(services_.store, std::move(links), LinkWhat::unlink, opt);
  for (const auto& result : results)
    if (!result) services_.world.log.error("mailbox.unlink", result.error());
}

}  // namespace ph::mailbox
