// Deliveries: many that wait become one batch with one fsync.
#include <algorithm>

#include "mailbox/names.h"
#include "mailbox/writer.h"

namespace ph::mailbox {

struct Writer::Item {
  Job* job;
  MessageRow row;
};

/// The tail's blocks, read back to be folded.
struct Writer::Tail {
  std::vector<std::string> keys;
  std::vector<MessageRow> rows;
  bool corrupt = false;
};

namespace {

constexpr std::uint64_t kUidsMax = 0xffffffff;

std::string marker_key_of(const Delivery& delivery) {
  return marker_key(delivery.once_day, delivery.once);
}

MessageRow row_of(const Delivery& delivery, rt::Random& random) {
  MessageRow row;
  row.email_id = "m" + random_id(random);
  row.thread_id = thread_id(delivery.message_id, row.email_id);
  row.internal_date = delivery.internal_date;
  row.blob = delivery.blob;
  row.blob_octets = delivery.blob_octets;
  row.prefix = delivery.prefix;
  row.queue_id = delivery.queue_id;
  row.message_id = delivery.message_id;
  return row;
}

std::uint64_t keys_of(const Meta& meta) {
  return 1 + meta.blocks + meta.markers + (meta.expunge_next - meta.expunge_first);
}

/// What the door may say: a repeat is safe by its marker, so all that may pass is `unavailable`.
std::unexpected<Error> for_the_door(Error error) {
  if (error.kind != Kind::timed_out && error.kind != Kind::corrupt) error.kind = Kind::unavailable;
  return std::unexpected(std::move(error));
}

}  // namespace

Task<void> Writer::deliver(Job* leader, Turns* turns) {
  std::vector<Job*> jobs{leader};
  turns->take(jobs, kBatchDeliveriesMax, kBatchRowOctetsMax);
  const rt::Instant now = services_.world.clock.now();
  store::Opt opt{.deadline = std::chrono::milliseconds(1)};
  std::vector<Item> items;
  for (Job* job : jobs) {
    if (job->deadline <= now) {
      Turns::answer(job, fail(Kind::timed_out, "the mailbox was busy for too long"));
      continue;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(job->deadline - now);
    opt.deadline = std::clamp(left, opt.deadline, kStoreWaitMax);
    items.push_back({job, row_of(*job->delivery, services_.world.random)});
  }
  for (int tries = 0; !items.empty(); ++tries) {
    const auto round = co_await deliver_round(&items, tries > 0, opt);
    if (round) continue;  // all are answered
    const Kind kind = round.error().kind;
    if ((kind == Kind::conflict || kind == Kind::unknown) && tries + 1 < kCommitTriesMax) continue;
    for (const auto& item : items) Turns::answer(item.job, for_the_door(round.error()));
    co_return;
  }
}

Task<Result<Done>> Writer::deliver_round(std::vector<Item>* items, bool look_up, store::Opt opt) {
  PH_CO_TRY([[maybe_unused]] auto opened, co_await open_inbox(opt));
  PH_CO_TRY([[maybe_unused]] auto repeats, co_await answer_repeats(items, look_up, opt));
  if (!look_up && any_over_quota(*items)) {  // a repeat of what is there already must not bounce
    PH_CO_TRY([[maybe_unused]] auto more_repeats, co_await answer_repeats(items, true, opt));
  }
  answer_over_quota(*items);
  if (items->empty()) co_return Done{};
  MailboxState& inbox = *find_inbox();
  PartitionState& partition = inbox.partitions.back();
  PH_CO_TRY(const std::uint64_t modseq, co_await next_modseq(partition.meta.modseq_max, opt));
  std::uint64_t uid = partition.meta.uidnext;
  if (uid + items->size() > kUidsMax) co_return fail(Kind::unavailable, "no UID is left");
  for (auto& item : *items) {
    item.row.uid = Uid{static_cast<std::uint32_t>(uid++)};
    item.row.modseq = modseq;
    item.row.saved = services_.world.clock.wall();
  }
  PH_CO_TRY([[maybe_unused]] auto linked, co_await link_blobs(items, opt));
  if (items->empty()) co_return Done{};

  std::vector<MessageRow> rows;
  std::uint64_t octets = 0;
  for (const auto& item : *items) {
    octets += row_octets(*item.job->delivery);
    rows.push_back(item.row);
  }
  Meta before = partition.meta;
  Tail tail;
  if (tail_is_full(before, rows.size(), octets)) {
    PH_CO_TRY(tail, co_await read_tail(partition.name, before.tail_after, opt));
    if (!tail.corrupt && tail.keys.size() != before.tail_blocks && !look_up) {
      forget();
      co_return fail(Kind::conflict, "another server has written to the mailbox");
    }
    // A tail that cannot be folded is left as it is, for the scrub; a new one begins after it.
    if (tail.corrupt || tail.keys.size() != before.tail_blocks) {
      tail = Tail{};
      before.tail_after = before.uidnext - 1;
      before.tail_blocks = before.tail_messages = before.tail_octets = 0;
    }
  }
  Append plan =
      plan_append(std::move(before), std::move(rows), std::move(tail.keys), std::move(tail.rows));
  const std::uint32_t today = day_of(services_.world.clock.wall());
  const bool sweeps = inbox.swept_day != today;
  std::vector<std::string> old;
  if (sweeps) {
    PH_CO_TRY(old, co_await old_markers(partition.name, kMarkersSweptPerBatchMax, opt));
  }
  plan.meta.markers += items->size();
  plan.meta.markers -= std::min<std::uint64_t>(plan.meta.markers, old.size());
  store::Batch batch = batch_for(partition, plan.meta);
  std::ranges::move(plan.puts, std::back_inserter(batch.puts));
  const std::size_t swept = old.size();
  for (const auto& item : *items) {
    std::string key = marker_key_of(*item.job->delivery);
    std::erase(old, key);  // so late that its own marker would be swept: it is put again
    batch.checks.push_back({key, store::Check::What::absent, {}});
    batch.puts.push_back({std::move(key), format_marker({item.row.uid, item.row.email_id})});
  }
  for (auto& key : old) batch.puts.push_back({std::move(key), std::nullopt});
  PH_CO_TRY(partition.version, co_await commit(partition.name, std::move(batch), opt));
  partition.meta = std::move(plan.meta);
  publish();
  for (const auto& item : *items)
    Turns::answer(item.job, Delivered{inbox.row.id, item.row.uid, item.row.email_id, false});
  items->clear();
  if (sweeps) {
    const auto rest = co_await sweep_closed(&inbox, opt);  // failing, it forgets `inbox`
    if (rest && *rest && swept < kMarkersSweptPerBatchMax) inbox.swept_day = today;
  }
  co_return Done{};
}

/// Opens the account, makes the INBOX if there is none, and begins a new partition when the last
/// one is full.
Task<Result<Done>> Writer::open_inbox(store::Opt opt) {
  PH_CO_TRY([[maybe_unused]] auto opened, co_await open(opt));
  if (!find_inbox()) {
    PH_CO_TRY([[maybe_unused]] auto made, co_await make_inbox(opt));
    publish();
  }
  MailboxState& inbox = *find_inbox();
  PartitionState& last = inbox.partitions.back();
  if (keys_of(last.meta) < services_.options.partition_keys_max) co_return Done{};
  if (inbox.partitions.size() >= kPartitionsMax || last.meta.uidnext > kUidsMax)
    co_return fail(Kind::unavailable, "no room for another partition");
  Meta closed = last.meta;
  closed.closed = true;
  store::Batch batch = batch_for(last, closed);
  PH_CO_TRY(last.version, co_await commit(last.name, std::move(batch), opt));
  last.meta = closed;
  const auto n = static_cast<std::uint32_t>(inbox.partitions.size());
  PartitionState next{mailbox_partition(inbox.row.id, n), {}, std::nullopt};
  next.meta.uidvalidity = inbox.row.uidvalidity;
  next.meta.first_uid = static_cast<std::uint32_t>(closed.uidnext);
  next.meta.uidnext = closed.uidnext;
  next.meta.tail_after = closed.uidnext - 1;
  inbox.partitions.push_back(std::move(next));
  co_return Done{};
}

/// The last partition's markers are checked by the batch itself, and only read after it was
/// refused; those of closed partitions must be read.
Task<Result<Done>> Writer::answer_repeats(std::vector<Item>* items, bool look_up, store::Opt opt) {
  const MailboxState& inbox = *find_inbox();
  for (std::size_t n = 0; n < inbox.partitions.size() && !items->empty(); ++n) {
    const PartitionState& partition = inbox.partitions[n];
    const bool last = n + 1 == inbox.partitions.size();
    if (partition.meta.markers == 0 || (last && !look_up)) continue;
    std::vector<std::string> keys;
    for (const auto& item : *items) keys.push_back(marker_key_of(*item.job->delivery));
    PH_CO_TRY(auto records, co_await services_.store.get(partition.name, std::move(keys), opt));
    std::erase_if(*items, [&](const Item& item) {
      const auto found =
          std::ranges::find(records, marker_key_of(*item.job->delivery), &store::Record::key);
      if (found == records.end()) return false;
      auto marker = parse_marker(found->value);
      if (marker) {
        // Our own id: this very call put it there, in a try whose outcome was not known.
        const bool before = marker->email_id != item.row.email_id;
        Turns::answer(item.job, Delivered{inbox.row.id, marker->uid, marker->email_id, before});
      } else {
        Turns::answer(item.job, std::unexpected(std::move(marker).error()));
      }
      return true;
    });
  }
  co_return Done{};
}

bool Writer::any_over_quota(const std::vector<Item>& items) const {
  std::uint64_t used = state_->usage().octets;
  return std::ranges::any_of(items, [&](const Item& item) {
    used += item.row.octets();
    return item.job->delivery->quota_octets.value_or(used) < used;
  });
}

void Writer::answer_over_quota(std::vector<Item>& items) {
  std::uint64_t used = state_->usage().octets;
  std::erase_if(items, [&](const Item& item) {
    const auto& quota = item.job->delivery->quota_octets;
    const std::uint64_t more = item.row.octets();
    if (!quota || used + more <= *quota) {
      used += more;
      return false;
    }
    Turns::answer(item.job, fail(Kind::over_limit, "the mailbox is full"));
    return true;
  });
}

/// The link comes before the row. One that is left over by a batch that fails is never dropped
/// here: another writer may have given the same UID to the same blob; the store's sweep asks
/// holder_alive().
Task<Result<Done>> Writer::link_blobs(std::vector<Item>* items, store::Opt opt) {
  const PartitionState& partition = find_inbox()->partitions.back();
  std::vector<Link> links;
  for (const auto& item : *items)
    links.push_back({item.row.blob, format_holder(partition.name, item.row.uid, item.row.blob)});
  const auto results =
      co_await change_links(services_.store, std::move(links), LinkWhat::link, opt);
  std::size_t index = 0;
  std::erase_if(*items, [&](const Item& item) {
    const auto& result = results[index++];
    if (result) return false;
    Turns::answer(item.job, for_the_door(result.error()));
    return true;
  });
  co_return Done{};
}

Task<Result<Writer::Tail>> Writer::read_tail(std::string partition, std::uint64_t after,
                                             store::Opt opt) {
  Tail tail;
  store::Range range = blocks_from(Uid{static_cast<std::uint32_t>(after + 1)});
  for (bool more = true; more;) {
    PH_CO_TRY(auto page,
              co_await services_.store.scan(partition, range, store::Limits::page_keys, opt));
    for (auto& record : page.records) {
      auto block = parse_block(record.value);
      if (!block) {
        services_.world.log.error("mailbox.block", block.error());
        tail.corrupt = true;
        co_return tail;
      }
      if (!tail.rows.empty() && block->messages.front().uid <= tail.rows.back().uid) {
        services_.world.log.write(rt::Level::error, "mailbox.block", {{"key", record.key}});
        tail.corrupt = true;
        co_return tail;
      }
      tail.keys.push_back(std::move(record.key));
      std::ranges::move(block->messages, std::back_inserter(tail.rows));
    }
    more = page.next.has_value();
    if (more) range.begin = *page.next;
  }
  co_return tail;
}

std::uint32_t Writer::marker_horizon() const {
  const std::uint32_t today = day_of(services_.world.clock.wall());
  return today - std::min(today, kMarkerAgeDaysMax);
}

Task<Result<std::vector<std::string>>> Writer::old_markers(std::string partition, std::size_t max,
                                                           store::Opt opt) {
  PH_CO_TRY(auto page, co_await services_.store.scan(std::move(partition),
                                                     markers_before(marker_horizon()), max, opt));
  std::vector<std::string> keys;
  for (auto& record : page.records) keys.push_back(std::move(record.key));
  co_return keys;
}

/// One batch of old markers out of each closed partition; true: no old one is left. Whoever calls
/// it again goes on with it.
Task<Result<bool>> Writer::sweep_closed(MailboxState* mailbox, store::Opt opt) {
  bool all = true;
  for (std::size_t n = 0; n + 1 < mailbox->partitions.size(); ++n) {
    PartitionState& partition = mailbox->partitions[n];
    if (partition.meta.markers == 0) continue;
    PH_CO_TRY(auto old, co_await old_markers(partition.name, kMarkersSweptPerDropMax, opt));
    if (old.empty()) continue;
    all = all && old.size() < kMarkersSweptPerDropMax;
    Meta meta = partition.meta;
    meta.markers -= std::min<std::uint64_t>(meta.markers, old.size());
    store::Batch batch = batch_for(partition, meta);
    for (auto& key : old) batch.puts.push_back({std::move(key), std::nullopt});
    PH_CO_TRY(partition.version, co_await commit(partition.name, std::move(batch), opt));
    partition.meta = meta;
  }
  co_return all;
}

}  // namespace ph::mailbox
