// Reading what is there, making the INBOX, reserving MODSEQs, and deleting an account.
#include <algorithm>

#include "mailbox/names.h"
#include "mailbox/writer.h"

namespace ph::mailbox {

Usage AccountState::usage() const {
  Usage sum;
  for (const auto& mailbox : mailboxes) {
    for (const auto& partition : mailbox.partitions) {
      sum.messages += partition.meta.messages;
      sum.octets += partition.meta.octets;
    }
  }
  return sum;
}

std::optional<Usage> Writer::usage_seen() {
  const std::lock_guard lock(usage_mutex_);
  return usage_;
}

void Writer::publish() {
  const std::lock_guard lock(usage_mutex_);
  usage_ = state_->usage();
}

void Writer::forget() {
  state_.reset();
  const std::lock_guard lock(usage_mutex_);
  usage_.reset();
}

Task<Result<Usage>> Writer::usage(store::Opt opt) {
  PH_CO_TRY([[maybe_unused]] auto opened, co_await open(opt));
  co_return state_->usage();
}

MailboxState* Writer::find_inbox() {
  const auto at = std::ranges::find(state_->mailboxes, Role::inbox,
                                    [](const MailboxState& m) { return m.row.role; });
  return at == state_->mailboxes.end() ? nullptr : &*at;
}

/// Commits; after anything but success the account is read again before it is next used, because a
/// conflict says that our view is old and `unknown` that the batch may still land. A repeat on the
/// same version can then only win or conflict, and the once-only markers tell which: so no batch of
/// this room needs settle().
Task<Result<store::Version>> Writer::commit(store::Partition partition, store::Batch batch,
                                            store::Opt opt) {
  batch.settle = false;
  auto committed = co_await services_.store.commit(std::move(partition), std::move(batch), opt);
  if (!committed) {
    forget();
    co_return std::unexpected(std::move(committed).error());
  }
  co_return committed->version;
}

store::Batch Writer::batch_for(const PartitionState& partition, const Meta& after) const {
  store::Batch batch;
  store::Check check{.key = std::string(kMetaKey), .what = store::Check::What::absent, .v = {}};
  if (partition.version) {
    check.what = store::Check::What::version;
    check.v = *partition.version;
  }
  batch.checks.push_back(std::move(check));
  batch.puts.push_back({std::string(kMetaKey), format_meta(after)});
  return batch;
}

Task<Result<Done>> Writer::open(store::Opt opt) {
  if (state_) co_return Done{};
  PH_CO_TRY(auto state, co_await load(opt));
  state_ = std::move(state);
  auto ended = co_await end_begun(opt);
  if (!ended) {
    forget();
    co_return ended;
  }
  publish();
  co_return Done{};
}

/// What a crash cut short: an erase(), or an expunge that is counted but whose rows are still in
/// blocks (nobody may see them again).
Task<Result<Done>> Writer::end_begun(store::Opt opt) {
  if (state_->row && state_->row->erasing) {
    PH_CO_TRY([[maybe_unused]] auto erased, co_await erase_opened(opt));
    state_.emplace();
  }
  for (std::size_t m = 0; m < state_->mailboxes.size(); ++m) {
    for (std::size_t n = 0; n < state_->mailboxes[m].partitions.size(); ++n) {
      auto* partition = &state_->mailboxes[m].partitions[n];
      if (partition->meta.pending_modseq == 0) continue;
      PH_CO_TRY([[maybe_unused]] auto cleaned, co_await clean_pending(partition, opt));
    }
  }
  co_return Done{};
}

Task<Result<AccountState>> Writer::load(store::Opt opt) {
  AccountState state;
  std::vector<MailboxRow> rows;
  store::Range range;
  for (std::optional<std::string> from = ""; from;) {
    range.begin = *from;
    PH_CO_TRY(auto page, co_await services_.store.scan(account_partition(account_), range,
                                                       store::Limits::page_keys, opt));
    for (const auto& record : page.records) {
      if (record.key == kAccountKey) {
        PH_CO_TRY(state.row, parse_account(record.value));
        state.version = record.version;
      } else if (record.key.starts_with(kMailboxKeys)) {
        PH_CO_TRY(auto row, parse_mailbox(record.value));
        rows.push_back(std::move(row));
      }
    }
    if (rows.size() > kMailboxesMax) co_return fail(Kind::over_limit, "too many mailboxes");
    from = std::move(page.next);
  }
  // Made anew by another server: what we had reserved belonged to the one before.
  if (!state.row || state.row->created != modseqs_of_) modseq_next_ = modseq_end_ = 0;
  for (auto& row : rows) {
    PH_CO_TRY(auto mailbox, co_await load_mailbox(std::move(row), opt));
    state.mailboxes.push_back(std::move(mailbox));
  }
  co_return state;
}

Task<Result<MailboxState>> Writer::load_mailbox(MailboxRow row, store::Opt opt) {
  MailboxState mailbox{std::move(row), {}, 0};
  std::uint32_t first_uid = 1;
  for (std::uint32_t n = 0; n < kPartitionsMax; ++n) {
    PartitionState partition{mailbox_partition(mailbox.row.id, n), {}, std::nullopt};
    partition.meta.uidvalidity = mailbox.row.uidvalidity;
    partition.meta.first_uid = first_uid;
    partition.meta.uidnext = first_uid;
    partition.meta.tail_after = first_uid - 1;
    std::vector<std::string> keys{std::string(kMetaKey)};
    PH_CO_TRY(auto records, co_await services_.store.get(partition.name, std::move(keys), opt));
    if (!records.empty()) {
      PH_CO_TRY(partition.meta, parse_meta(records.front().value));
      partition.version = records.front().version;
    }
    const bool closed = partition.meta.closed;
    first_uid = static_cast<std::uint32_t>(partition.meta.uidnext);
    mailbox.partitions.push_back(std::move(partition));
    if (!closed) co_return mailbox;
  }
  co_return fail(Kind::over_limit, "too many partitions in a mailbox", mailbox.row.id);
}

Task<Result<Done>> Writer::make_inbox(store::Opt opt) {
  const Wall now = services_.world.clock.wall();
  AccountRow account = state_->row.value_or(AccountRow{});
  if (!state_->row) account.created = now;
  const std::uint64_t reserved = account.modseq_ceiling;
  account.modseq_ceiling += kModseqReserve;
  MailboxRow inbox{random_id(services_.world.random), "INBOX", 0, Role::inbox, now};
  // Seconds since 1970, so that a later INBOX of this account has a greater one (RFC 9051
  // §2.3.1.1).
  inbox.uidvalidity = std::max(1u, static_cast<std::uint32_t>(unix_ms(now) / 1000));
  store::Batch batch;
  store::Check check{.key = std::string(kAccountKey), .what = store::Check::What::absent, .v = {}};
  if (state_->version) {
    check.what = store::Check::What::version;
    check.v = *state_->version;
  }
  batch.checks.push_back(std::move(check));
  batch.puts.push_back({std::string(kAccountKey), format_account(account)});
  batch.puts.push_back({mailbox_key(inbox.id), format_mailbox(inbox)});
  PH_CO_TRY(auto version, co_await commit(account_partition(account_), std::move(batch), opt));
  state_->row = account;
  state_->version = version;
  own_modseqs(reserved);
  MailboxState mailbox{inbox, {}, 0};
  PartitionState first{mailbox_partition(inbox.id, 0), {}, std::nullopt};
  first.meta.uidvalidity = inbox.uidvalidity;
  mailbox.partitions.push_back(std::move(first));
  state_->mailboxes.push_back(std::move(mailbox));
  co_return Done{};
}

void Writer::own_modseqs(std::uint64_t first) {
  modseq_next_ = first;
  modseq_end_ = state_->row->modseq_ceiling;
  modseqs_of_ = state_->row->created;
}

Task<Result<std::uint64_t>> Writer::next_modseq(std::uint64_t above, store::Opt opt) {
  if (modseq_next_ >= modseq_end_ || modseq_next_ <= above) {
    AccountRow row = *state_->row;
    const std::uint64_t first = std::max(row.modseq_ceiling, above + 1);
    row.modseq_ceiling = first + kModseqReserve;
    store::Batch batch;
    batch.checks.push_back(
        {std::string(kAccountKey), store::Check::What::version, *state_->version});
    batch.puts.push_back({std::string(kAccountKey), format_account(row)});
    PH_CO_TRY(auto version, co_await commit(account_partition(account_), std::move(batch), opt));
    state_->row = row;
    state_->version = version;
    own_modseqs(first);
  }
  co_return modseq_next_++;
}

Task<Result<InboxView>> Writer::inbox(store::Opt opt) {
  forget();
  for (int tries = 0;; ++tries) {
    auto opened = co_await open_inbox(opt);
    if (opened) break;
    const Kind kind = opened.error().kind;
    const bool repeat = kind == Kind::conflict || kind == Kind::unknown;
    if (!repeat || tries + 1 == kCommitTriesMax)
      co_return std::unexpected(std::move(opened).error());
  }
  const MailboxState* inbox = find_inbox();
  InboxView view{inbox->row.id, inbox->row.uidvalidity, {}, {}, 1};
  for (const auto& partition : inbox->partitions) {
    view.partitions.push_back(partition.name);
    view.first_uids.push_back(Uid{partition.meta.first_uid});
    view.uidnext = partition.meta.uidnext;
  }
  co_return view;
}

/// The flag in the account row comes first: whoever opens the account later ends the work, so a
/// crash leaves either a whole account or none.
Task<Result<Done>> Writer::erase(store::Opt opt) {
  PH_CO_TRY([[maybe_unused]] auto opened, co_await open(opt));
  if (!state_->row) co_return Done{};
  AccountRow row = *state_->row;
  row.erasing = true;
  store::Batch batch;
  batch.checks.push_back({std::string(kAccountKey), store::Check::What::version, *state_->version});
  batch.puts.push_back({std::string(kAccountKey), format_account(row)});
  PH_CO_TRY(auto version, co_await commit(account_partition(account_), std::move(batch), opt));
  state_->row = row;
  state_->version = version;
  auto erased = co_await erase_opened(opt);
  forget();
  co_return erased;
}

Task<Result<Done>> Writer::erase_opened(store::Opt opt) {
  while (!state_->mailboxes.empty()) {
    auto& mailbox = state_->mailboxes.back();
    // From the last one down: partition n is found through n - 1.
    while (!mailbox.partitions.empty()) {
      std::string name = mailbox.partitions.back().name;
      PH_CO_TRY([[maybe_unused]] auto erased, co_await erase_partition(std::move(name), opt));
      mailbox.partitions.pop_back();
    }
    store::Batch batch;
    batch.puts.push_back({mailbox_key(mailbox.row.id), std::nullopt});
    PH_CO_TRY([[maybe_unused]] auto gone,
              co_await commit(account_partition(account_), std::move(batch), opt));
    state_->mailboxes.pop_back();
  }
  // Checked: another node may have ended this and begun the account anew.
  store::Batch batch;
  batch.checks.push_back({std::string(kAccountKey), store::Check::What::version, *state_->version});
  batch.puts.push_back({std::string(kAccountKey), std::nullopt});
  PH_CO_TRY([[maybe_unused]] auto gone,
            co_await commit(account_partition(account_), std::move(batch), opt));
  co_return Done{};
}

Task<Result<Done>> Writer::erase_partition(std::string partition, store::Opt opt) {
  for (;;) {
    PH_CO_TRY(auto page, co_await services_.store.scan(partition, blocks_from(Uid{0}),
                                                       kScanBlocksPerPage, opt));
    if (page.records.empty()) break;
    store::Batch batch;
    std::vector<Link> links;
    for (const auto& record : page.records) {
      batch.puts.push_back({record.key, std::nullopt});
      const auto block = parse_block(record.value);
      if (!block) services_.world.log.error("mailbox.erase", block.error());
      if (!block) continue;
      for (const auto& row : block->messages)
        links.push_back({row.blob, format_holder(partition, row.uid, row.blob)});
    }
    batch.settle = false;
    PH_CO_TRY([[maybe_unused]] auto deleted,
              co_await services_.store.commit(partition, std::move(batch), opt));
    co_await unlink(std::move(links), opt);
  }
  co_return co_await services_.store.drop(partition, std::nullopt, opt);
}

}  // namespace ph::mailbox
