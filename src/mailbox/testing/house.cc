#include "mailbox/testing/house.h"

#include <fmt/format.h>

#include <algorithm>

#include "mailbox/names.h"

namespace ph::mailbox::testing {
namespace {

store::Record one(House& house, const std::string& partition, std::string_view key) {
  std::vector<std::string> keys{std::string(key)};
  auto records = house.run(house.store().get(partition, std::move(keys)));
  if (!records || records->empty()) return {};
  return records->front();
}

std::vector<store::Record> all(House& house, const std::string& partition) {
  std::vector<store::Record> out;
  store::Range range;
  for (bool more = true; more;) {
    auto page = house.run(house.store().scan(partition, range, 1000));
    PH_CHECK(page.has_value());
    std::ranges::move(page->records, std::back_inserter(out));
    more = page->next.has_value();
    if (more) range.begin = *page->next;
  }
  return out;
}

Task<Result<Done>> write_blob(store::BlobWriter* writer, std::string body, std::string holder) {
  PH_CO_TRY([[maybe_unused]] auto written, co_await writer->write(std::move(body)));
  PH_CO_TRY([[maybe_unused]] auto sealed, co_await writer->seal(std::move(holder)));
  co_return Done{};
}

Task<void> deliver_into(Mailboxes* mailboxes, Delivery delivery, rt::Instant deadline,
                        std::optional<Result<Delivered>>* into, std::size_t* left) {
  auto done = co_await mailboxes->deliver(std::move(delivery), deadline);
  into->emplace(std::move(done));
  --*left;
}

std::string queue_holder(const std::string& blob) { return "q/0\tm/" + blob; }

}  // namespace

// Real engines answer from their own threads; the pause lets the clock wait for them.
House::House(std::uint64_t seed, std::string store_url)
    : store_url_(std::move(store_url)),
      world_(seed, {.net = {},
                    .disk = {},
                    .real_pause =
                        std::chrono::milliseconds(store_url_.starts_with("memory:") ? 0 : 20)}) {
  world_.sim_clock().jump_wall(std::chrono::hours(24 * 20000));
  world_.sim_disk().set_free_octets(std::uint64_t{1} << 40);
  reopen_store();
}

void House::reopen_store() {
  if (store_) store_->close();
  store_.reset();
  auto opened = store::open(store_url_, "", world_);
  PH_CHECK(opened.has_value());
  store_ = *std::move(opened);
}

std::string House::make_blob(const std::string& body) {
  auto writer = store_->blob(body.size());
  PH_CHECK(writer.has_value());
  std::string id = (*writer)->id();
  PH_CHECK(run(write_blob(writer->get(), body, queue_holder(id))).has_value());
  return id;
}

void House::release_blob(const std::string& id) {
  PH_CHECK(run(store_->unlink(id, queue_holder(id))).has_value());
}

Delivery House::delivery(const std::string& account, const std::string& once,
                         const std::string& blob, std::uint64_t blob_octets) {
  Delivery out;
  out.account = account;
  out.once = once;
  out.once_day = day_of(world_.clock.wall());
  out.queue_id = "q" + once;
  out.blob = blob;
  out.blob_octets = blob_octets;
  out.prefix = kPrefix;
  out.message_id = once + "@example.test";
  out.internal_date = world_.clock.wall();
  return out;
}

Result<Delivered> House::deliver(Mailboxes& mailboxes, const std::string& account,
                                 const std::string& once, const std::string& body) {
  const std::string blob = make_blob(body);
  auto done = run(mailboxes.deliver(delivery(account, once, blob, body.size()), soon()));
  release_blob(blob);
  return done;
}

std::vector<Result<Delivered>> House::deliver_all(Mailboxes& mailboxes,
                                                  std::vector<Delivery> deliveries) {
  std::vector<std::optional<Result<Delivered>>> results(deliveries.size());
  std::size_t left = deliveries.size();
  for (std::size_t i = 0; i < deliveries.size(); ++i)
    world_.spawn(deliver_into(&mailboxes, std::move(deliveries[i]), soon(), &results[i], &left));
  PH_CHECK(world_.run_until([&] { return left == 0; }));
  std::vector<Result<Delivered>> out;
  for (auto& result : results) out.push_back(std::move(*result));
  return out;
}

Result<std::string> House::read_all(Mailboxes& mailboxes, const std::string& token, Uid uid,
                                    std::size_t octets) {
  std::string out;
  for (;;) {
    PH_TRY(const auto piece, run(mailboxes.read(token, uid, out.size(), octets, soon())));
    if (piece.empty()) return out;
    out += piece;
  }
}

Audit House::audit(const std::string& account) {
  Audit audit;
  std::uint64_t last_uid = 0;
  const auto account_row = parse_account(one(*this, account_partition(account), kAccountKey).value);
  for (const auto& record : all(*this, account_partition(account))) {
    if (!record.key.starts_with(kMailboxKeys)) continue;
    const auto mailbox = parse_mailbox(record.value);
    PH_CHECK(mailbox.has_value() && audit.mailbox_id.empty() && account_row.has_value());
    audit.mailbox_id = mailbox->id;
    audit.uidvalidity = mailbox->uidvalidity;
    bool closed = true;
    for (std::uint32_t n = 0; closed; ++n) {
      const auto partition = mailbox_partition(mailbox->id, n);
      const auto record_meta = one(*this, partition, kMetaKey);
      if (record_meta.key.empty()) {
        if (!all(*this, partition).empty()) audit.faults.push_back("rows without meta");
        break;
      }
      const auto meta = parse_meta(record_meta.value);
      PH_CHECK(meta.has_value());
      ++audit.partitions;
      audit_partition(audit, partition, *meta, last_uid);
      if (meta->uidvalidity != mailbox->uidvalidity) audit.faults.push_back("uidvalidity differs");
      if (meta->modseq_max >= account_row->modseq_ceiling)
        audit.faults.push_back("modseq above what is reserved");
      audit.uidnext = meta->uidnext;
      closed = meta->closed;
    }
  }
  return audit;
}

void House::audit_partition(Audit& audit, const std::string& partition, const Meta& meta,
                            std::uint64_t& last_uid) {
  Meta counted;
  UidRanges pending;
  const auto fault = [&](std::string what) {
    audit.faults.push_back(partition + ": " + std::move(what));
  };
  const auto records = all(*this, partition);
  for (const auto& record : records) {
    ++audit.keys;
    if (!record.key.starts_with("e/")) continue;
    ++audit.expunge_rows;
    const auto row = parse_expunges(record.value);
    PH_CHECK(row.has_value());
    std::vector<Uid> uids;
    for (const auto& part : *row) {
      for (const auto& range : part.uids.ranges()) {
        for (std::uint32_t u = range.first.value; u <= range.last.value; ++u) {
          uids.push_back(Uid{u});
          if (audit.expunged.contains(Uid{u})) fault("expunged twice");
          if (part.modseq == meta.pending_modseq) pending.append(Uid{u});
        }
      }
    }
    for (const auto& range : audit.expunged.ranges())
      for (std::uint32_t u = range.first.value; u <= range.last.value; ++u) uids.push_back(Uid{u});
    audit.expunged = UidRanges(std::move(uids));
  }
  for (const auto& record : records) {
    if (record.key.starts_with("!d/")) ++counted.markers;
    if (!record.key.starts_with("b/")) continue;
    const auto block = parse_block(record.value);
    PH_CHECK(block.has_value());
    ++counted.blocks;
    const bool tail = uid_of_block_key(record.key)->value > meta.tail_after;
    if (tail) ++counted.tail_blocks;
    if (block->messages.size() > kBlockMessagesMax) fault("block of too many");
    if (block->messages.back().uid > *uid_of_block_key(record.key)) fault("uid above its key");
    for (const auto& row : block->messages) {
      if (row.uid.value <= last_uid) fault("uids do not ascend");
      last_uid = row.uid.value;
      if (row.uid.value >= meta.uidnext || row.uid.value < meta.first_uid)
        fault("uid out of range");
      if (row.modseq > meta.modseq_max) fault("modseq above the highest");
      if (tail) ++counted.tail_messages;
      if (pending.contains(row.uid)) continue;
      if (audit.expunged.contains(row.uid)) fault("expunged, and there");
      ++counted.messages;
      counted.octets += row.octets();
      audit.messages.push_back(row);
    }
  }
  const auto same = [&](const char* what, std::uint64_t stored, std::uint64_t found) {
    if (stored != found) fault(fmt::format("{}: meta says {}, found {}", what, stored, found));
  };
  same("messages", meta.messages, counted.messages);
  same("octets", meta.octets, counted.octets);
  same("blocks", meta.blocks, counted.blocks);
  same("markers", meta.markers, counted.markers);
  same("tail blocks", meta.tail_blocks, counted.tail_blocks);
  same("tail messages", meta.tail_messages, counted.tail_messages);
  audit.octets += counted.octets;
  audit.blocks += counted.blocks;
  audit.markers += counted.markers;
}

namespace {

Task<Result<bool>> note_alive(store::Store* store, House::Holders* holders, std::string holder) {
  if (!holder.starts_with("m/")) co_return true;
  auto alive = co_await holder_alive(*store, holder);
  if (alive) (*alive ? holders->alive : holders->dead).insert(holder);
  co_return alive;
}

}  // namespace

House::Holders House::sweep() {
  Holders holders;
  const auto alive = [this, &holders](std::string holder) {
    return note_alive(store_.get(), &holders, std::move(holder));
  };
  PH_CHECK(run(store_->sweep(day_of(world_.clock.wall()) + 2, alive)).has_value());
  return holders;
}

bool House::has_blob(const std::string& id) { return run(store_->stat(id)).has_value(); }

}  // namespace ph::mailbox::testing
