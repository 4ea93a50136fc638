#include "app/daemon/house.h"

#include <algorithm>
#include <utility>

namespace ph::daemon {

Result<std::uint64_t> ReservedDisk::free_octets(std::string_view folder) {
  PH_TRY(const auto free, disk_.free_octets(folder));
  return free - std::min(free, reserve_);
}

House::House(const Config& config, rt::World& world)
    : disk_(world.disk, config.limits.free_octets),
      world_{world.clock, world.random, disk_, world.net, world.timers, world.workers, world.log} {}

House::~House() = default;

Result<std::unique_ptr<House>> House::open(const Config& config, rt::World& world,
                                           rt::Executor executor) {
  std::unique_ptr<House> house(new House(config, world));
  PH_TRY(house->store_, store::open(config.store, config.blobs, house->world_));
  auto& store = *house->store_;
  const auto days = std::chrono::ceil<std::chrono::days>(config.journal.retention).count();
  house->journal_ = std::make_unique<journal::EventJournal>(
      store, house->world_, executor,
      journal::Options{.retention_days =
                           static_cast<std::uint32_t>(std::max<decltype(days)>(days, 1))});
  house->identity_ = identity::make_identity(store, house->world_, house->note());
  house->mailboxes_ = mailbox::make_mailboxes(store, house->world_);
  auto& journal = *house->journal_;
  house->queue_ = std::make_unique<queue::MailQueue>(
      store, house->world_, executor,
      [&journal](std::uint32_t day, std::vector<EventBlock> blocks) {
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
  co_return Done{};
}

Task<void> House::finish() {
  co_await queue_->finish();
  co_await journal_->finish();
  store_->close();
}

AdminRooms House::admin(const ServerFacts& server) {
  return {identity_->administration(), *mailboxes_, *queue_, *journal_, world_, server};
}

std::function<void(Event)> House::note() {
  auto& journal = *journal_;
  return [&journal](Event event) { journal.note(std::move(event)); };
}

}  // namespace ph::daemon
