#include "app/daemon/house.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ph::daemon {

namespace {

/// The engine keeps [limits] min_free of its disk free.
std::string with_reserve(std::string url, std::uint64_t octets) {
  if (url.starts_with("file:") && !url.contains('?')) url += fmt::format("?reserve={}", octets);
  return url;
}

}  // namespace

House::~House() = default;

Result<std::unique_ptr<House>> House::open(const Config& config, rt::World& world,
                                           rt::Executor executor) {
  std::unique_ptr<House> house(new House(world));
  PH_TRY(house->store_, store::open(with_reserve(config.store, config.limits.free_octets),
                                    with_reserve(config.blobs, config.limits.free_octets), world));
  auto& store = *house->store_;
  const auto days = std::chrono::ceil<std::chrono::days>(config.journal.retention).count();
  house->journal_ = std::make_unique<journal::EventJournal>(
      store, world, executor,
      journal::Options{
          .retention_days = static_cast<std::uint32_t>(std::max<decltype(days)>(days, 1)),
          .octets_max = config.journal.octets_max});
  house->identity_ = identity::make_identity(store, world, house->note());
  house->mailboxes_ = mailbox::make_mailboxes(store, world);
  auto& journal = *house->journal_;
  house->queue_ = std::make_unique<queue::MailQueue>(
      store, world, executor, [&journal](std::uint32_t day, std::vector<EventBlock> blocks) {
        return journal.retire(day, std::move(blocks));
      });
  auto& queue = *house->queue_;
  journal.add_tail([&queue](std::string term) { return queue.events(std::move(term)); });
  return house;
}

Task<Result<Done>> House::start() {
  journal_->start();
  auto opened = co_await queue_->open();
  if (!opened) {
    co_await journal_->finish();
    co_return opened;
  }
  queue_->start();
  started_ = true;
  co_return Done{};
}

Task<void> House::finish() {
  if (started_) {
    co_await queue_->finish();
    co_await journal_->finish();
  }
  store_->close();
}

AdminRooms House::admin(const ServerFacts& server, feedback::ReportDesk* reports) {
  return {identity_->administration(), *mailboxes_, *queue_, *journal_, world_, server,
          identity_->keyring(),        reports};
}

std::function<void(Event)> House::note() {
  auto& journal = *journal_;
  return [&journal](Event event) { journal.note(std::move(event)); };
}

}  // namespace ph::daemon
