// The one writer of an account: it alone hands out UIDs and MODSEQs and changes rows.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mailbox/blocks.h"
#include "mailbox/links.h"
#include "mailbox/mailbox.h"
#include "mailbox/rows.h"
#include "mailbox/turns.h"
#include "store/store.h"

namespace ph::mailbox {

struct Services {
  store::Store& store;
  rt::World& world;
  Options options;
};

/// One partition m/<mailbox id>/<n> as last seen.
struct PartitionState {
  std::string name;
  Meta meta;
  std::optional<store::Version> version;  // none: nothing is written there yet
};

struct MailboxState {
  MailboxRow row;
  std::vector<PartitionState> partitions;  // index = n; all but the last are closed
  std::uint32_t swept_day = 0;             // old markers have been looked for on this day
};

/// What is known of an account; thrown away and read again whenever an outcome was not plain.
struct AccountState {
  std::optional<AccountRow> row;  // none: the account has no mailbox yet
  std::optional<store::Version> version;
  std::vector<MailboxState> mailboxes;
  Usage usage() const;
};

/// What maildrop sessions need of the INBOX.
struct InboxView {
  std::string mailbox_id;
  std::uint32_t uidvalidity = 0;
  std::vector<std::string> partitions;
  std::vector<Uid> first_uids;  // of each partition
  std::uint64_t uidnext = 1;
};

/// Every coroutine of it is called by the holder of the account's turn only (turns.h); usage_seen()
/// by anybody. Failures are those of port.h.
class Writer {
 public:
  Writer(Services services, std::string account)
      : services_(services), account_(std::move(account)) {}

  Task<Result<Usage>> usage(store::Opt opt);
  /// The usage after the last change; nullopt: not known, take the turn and ask usage().
  std::optional<Usage> usage_seen();
  /// Answers `leader` and all deliveries that it takes along from `turns`.
  Task<void> deliver(Job* leader, Turns* turns);
  /// Read anew from the store, for another server may have written. Makes the INBOX if there is
  /// none.
  Task<Result<InboxView>> inbox(store::Opt opt);
  /// Durable when it returns ok; not_found: the mailbox is gone. UIDs that are not there are
  /// ignored.
  Task<Result<Done>> expunge(std::string mailbox_id, UidRanges uids, store::Opt opt);
  Task<Result<Done>> erase(store::Opt opt);

 private:
  struct Item;   // one delivery on its way into a batch
  struct Tail;   // the small blocks at the end
  struct Found;  // what blocks hold of some UIDs
  enum class Round : std::uint8_t { next_partition, no_partition };

  // writer_open.cc
  Task<Result<Done>> open(store::Opt opt);
  Task<Result<Done>> end_begun(store::Opt opt);
  Task<Result<AccountState>> load(store::Opt opt);
  Task<Result<MailboxState>> load_mailbox(MailboxRow row, store::Opt opt);
  Task<Result<Done>> make_inbox(store::Opt opt);
  void own_modseqs(std::uint64_t first);
  Task<Result<std::uint64_t>> next_modseq(std::uint64_t above, store::Opt opt);
  Task<Result<Done>> erase_opened(store::Opt opt);
  Task<Result<Done>> erase_partition(std::string partition, store::Opt opt);
  Task<Result<store::Version>> commit(store::Partition partition, store::Batch batch,
                                      store::Opt opt);
  store::Batch batch_for(const PartitionState& partition, const Meta& after) const;
  MailboxState* find_inbox();
  void forget();
  void publish();

  // writer_deliver.cc
  Task<Result<Done>> open_inbox(store::Opt opt);
  Task<Result<Done>> deliver_round(std::vector<Item>* items, bool look_up, store::Opt opt);
  Task<Result<Done>> answer_repeats(std::vector<Item>* items, bool look_up, store::Opt opt);
  bool any_over_quota(const std::vector<Item>& items) const;
  void answer_over_quota(std::vector<Item>& items);
  Task<Result<Done>> link_blobs(std::vector<Item>* items, store::Opt opt);
  Task<Result<Tail>> read_tail(std::string partition, std::uint64_t after, store::Opt opt);
  Task<Result<std::vector<std::string>>> old_markers(std::string partition, std::size_t max,
                                                     store::Opt opt);
  Task<Result<bool>> sweep_closed(MailboxState* mailbox, store::Opt opt);
  std::uint32_t marker_horizon() const;

  // writer_expunge.cc
  Task<Result<Round>> expunge_round(std::string mailbox_id, std::size_t n, UidRanges uids,
                                    store::Opt opt);
  Task<Result<Done>> add_expunge_rows(std::string partition, Meta* meta, Expunged expunged,
                                      store::Batch* batch, store::Opt opt);
  Task<Result<Found>> find(std::string partition, Meta meta, UidRanges uids, bool stop_when_large,
                           store::Opt opt);
  Task<Result<Done>> clean_pending(PartitionState* partition, store::Opt opt);
  Task<Result<UidRanges>> pending_uids(PartitionState partition, store::Opt opt);
  Task<void> unlink(std::vector<Link> links, store::Opt opt);

  Services services_;
  std::string account_;
  // Only the holder of the turn touches these three.
  std::optional<AccountState> state_;
  std::uint64_t modseq_next_ = 0, modseq_end_ = 0;  // reserved by us and not yet handed out
  Wall modseqs_of_{};                               // creation of the account they belong to
  std::mutex usage_mutex_;
  std::optional<Usage> usage_;
};

}  // namespace ph::mailbox
