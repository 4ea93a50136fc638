#include "mailbox/maildrop.h"

#include <algorithm>

#include "mailbox/names.h"

namespace ph::mailbox {

Result<Done> Sessions::lock(const std::string& account) {
  const std::lock_guard lock(mutex_);
  if (!locked_.insert(account).second)
    return fail(Kind::conflict, "another session holds the maildrop");
  return Done{};
}

void Sessions::unlock_account(const std::string& account) {
  const std::lock_guard lock(mutex_);
  locked_.erase(account);
}

void Sessions::add(std::string token, std::shared_ptr<Session> session) {
  const std::lock_guard lock(mutex_);
  sessions_.emplace(std::move(token), std::move(session));
}

Result<std::shared_ptr<Session>> Sessions::find(const std::string& token) {
  const std::lock_guard lock(mutex_);
  const auto at = sessions_.find(token);
  if (at == sessions_.end()) return fail(Kind::not_found, "the maildrop is not locked");
  return at->second;
}

void Sessions::end(std::string_view token) {
  const std::lock_guard lock(mutex_);
  const auto at = sessions_.find(std::string(token));
  if (at == sessions_.end()) return;
  locked_.erase(at->second->account);
  sessions_.erase(at);
}

Task<Result<std::vector<MessageInfo>>> list_messages(Services services, InboxView view,
                                                     store::Opt opt) {
  std::vector<MessageInfo> out;
  Uid seen{0};  // a block that was folded between two pages shows its messages again
  for (std::size_t n = 0; n < view.partitions.size(); ++n) {
    store::Range range = blocks_from(Uid{0});
    for (bool more = true; more && out.size() < kMaildropMessagesMax;) {
      PH_CO_TRY(auto page,
                co_await services.store.scan(view.partitions[n], range, kScanBlocksPerPage, opt));
      for (const auto& record : page.records) {
        const auto block = parse_block(record.value);
        if (!block) services.world.log.error("mailbox.block", block.error());
        if (!block) continue;
        for (const auto& row : block->messages) {
          if (row.uid <= seen || row.uid.value >= view.uidnext) continue;
          if (out.size() == kMaildropMessagesMax) break;
          seen = row.uid;
          out.push_back({row.uid, row.octets(), row.email_id, row.internal_date, row.queue_id});
        }
      }
      more = page.next.has_value();
      if (more) range.begin = *page.next;
    }
  }
  co_return out;
}

Task<Result<MessageRow>> read_row(Services services, std::string partition, Uid uid,
                                  store::Opt opt) {
  PH_CO_TRY(auto page,
            co_await services.store.scan(std::move(partition), blocks_from(uid), 1, opt));
  if (page.records.empty()) co_return fail(Kind::not_found, "the message is gone");
  PH_CO_TRY(auto block, parse_block(page.records.front().value));
  const auto row = std::ranges::find(block.messages, uid, &MessageRow::uid);
  if (row == block.messages.end()) co_return fail(Kind::not_found, "the message is gone");
  co_return std::move(*row);
}

Task<Result<std::string>> read_message(Services services, std::shared_ptr<Session> session, Uid uid,
                                       std::uint64_t offset, std::size_t octets, store::Opt opt) {
  MessageRow row;
  {
    const std::lock_guard lock(session->mutex);
    row = session->last;
  }
  if (row.uid != uid) {
    const auto& firsts = session->view.first_uids;
    const auto after = std::ranges::upper_bound(firsts, uid);
    if (after == firsts.begin()) co_return fail(Kind::not_found, "no such message");
    std::string partition =
        session->view.partitions[static_cast<std::size_t>(after - firsts.begin() - 1)];
    PH_CO_TRY(row, co_await read_row(services, std::move(partition), uid, opt));
    const std::lock_guard lock(session->mutex);
    session->last = row;
  }
  octets = std::min(octets, kReadOctetsMax);
  std::string out;
  if (offset < row.prefix.size()) out = row.prefix.substr(offset, octets);
  const std::uint64_t blob_offset = offset + out.size() - row.prefix.size();
  if (out.size() < octets && blob_offset < row.blob_octets) {
    const std::size_t rest = octets - out.size();
    PH_CO_TRY(const std::string body,
              co_await services.store.read(std::move(row.blob), blob_offset, rest, opt));
    out += body;
  }
  co_return out;
}

Task<Result<bool>> holder_alive(store::Store& store, std::string holder) {  // NOLINT: see header
  auto name = parse_holder(holder);
  if (!name) co_return fail(Kind::malformed, "not a blob holder of a mailbox", std::move(holder));
  PH_CO_TRY(auto page, co_await store.scan(std::move(name->partition), blocks_from(name->uid), 1));
  if (page.records.empty()) co_return false;
  PH_CO_TRY(auto block, parse_block(page.records.front().value));
  const auto row = std::ranges::find(block.messages, name->uid, &MessageRow::uid);
  co_return row != block.messages.end() && row->blob == name->blob;
}

}  // namespace ph::mailbox
