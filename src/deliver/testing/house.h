// The rooms that deliver, over any store in virtual time: a queue, mailboxes, a directory as a
// table, a DNS. Header only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "deliver/deliver.h"
#include "deliver/testing/peer.h"
#include "mailbox/mailbox.h"
#include "queue/testing/house.h"
#include "sim/resolver.h"

namespace ph::deliver::testing {

/// Knows the accounts of here.test, by local part, and aliases.
class TableDirectory final : public identity::Directory {
 public:
  std::map<std::string, std::string> accounts;  // local part -> account id
  std::map<std::string, std::vector<message::Address>> aliases;

  Task<Result<identity::Resolved>> resolve(message::Address address, rt::Instant) override {
    using What = identity::Resolved::What;
    identity::Resolved found{.what = What::not_local, .account = {}, .targets = {}};
    if (address.domain == "here.test" || address.domain.empty()) {
      found.what = What::unknown_user;
      const auto alias = aliases.find(address.local);
      const auto account = accounts.find(address.local);
      if (alias != aliases.end()) {
        found.what = What::alias;
        found.targets = alias->second;
      } else if (account != accounts.end()) {
        found.what = What::account;
        found.account.id = account->second;
      }
    }
    co_return found;
  }
  Task<Result<identity::Account>> account(std::string, rt::Instant) override {
    co_return fail(Kind::not_found, "not asked for");
  }
  Task<Result<bool>> owns(std::string, message::Address, rt::Instant) override { co_return false; }
};

inline Options default_options() {
  return {.ledger = {}, .relay = {.hostname = "mail.here.test"}, .routes = {}};
}

/// One life of the server. finish() ends it, also after its store has died.
struct House {
  House(store::Store& on, sim::World& world, sim::Resolver& resolver, TableDirectory& directory,
        queue::testing::Retired& retired, Options options = default_options(),
        mailbox::Mailboxes* boxes = nullptr)
      : store(on),
        mailboxes(boxes ? nullptr : mailbox::make_mailboxes(on, world)),
        queue(on, world, world.executor(), queue::testing::into(retired)),
        deliverer({queue, directory, boxes ? *boxes : *mailboxes, on, resolver}, world,
                  std::move(options)) {}

  Task<Result<Done>> start() {
    auto opened = co_await queue.open();
    if (!opened) co_return opened;
    queue.start();
    deliverer.start();
    running = true;
    co_return Done{};
  }
  Task<void> finish() {
    if (!running) co_return;
    co_await deliverer.finish();
    co_await queue.finish();
  }

  store::Store& store;
  std::unique_ptr<mailbox::Mailboxes> mailboxes;
  queue::MailQueue queue;
  Deliverer deliverer;
  bool running = false;
};

/// A world with peers, and a house in it.
struct Scene : queue::testing::QueueHouse {
  sim::Resolver resolver{world};
  TableDirectory directory;

  Scene() {
    directory.accounts = {{"alice", "alicealicealicealicealice1"},
                          {"bob", "bobbobbobbobbobbobbobbobb1"}};
  }

  PeerPtr peer(const std::string& domain, const std::string& ip) {
    resolver.set_mx(domain, {{10, "mx." + domain}});
    resolver.set_a("mx." + domain, {ip});
    return make_peer(world, ip);
  }
  std::unique_ptr<House> open(Options options = default_options()) {
    auto house =
        std::make_unique<House>(*disk, world, resolver, directory, retired, std::move(options));
    EXPECT_TRUE(run(house->start()));
    return house;
  }
  /// A message of alice's.
  std::string put(House& house, std::vector<message::Address> to,
                  std::string body = "Subject: a\r\n\r\nb\r\n") {
    const std::size_t jobs = to.size();
    return run(queue::testing::put(house.store, house.queue, world,
                                   {.jobs = jobs,
                                    .domain = "",
                                    .sender = {"alice", "here.test"},
                                    .body = std::move(body),
                                    .recipients = std::move(to)}));
  }
  std::vector<queue::JobInfo> listed(House& house) {
    auto jobs = run(house.queue.list({}, 1000, world.clock.now()));
    EXPECT_TRUE(jobs);
    return jobs ? *jobs : std::vector<queue::JobInfo>{};
  }
  /// Events of the message, from the journal and the queue.
  std::vector<Event> story(House& house, const std::string& id) {
    std::vector<Event> all;
    for (Event& event : queue::testing::events_in(retired))
      if (event.queue_id == id) all.push_back(std::move(event));
    auto rest = run(house.queue.events(id));
    EXPECT_TRUE(rest);
    if (rest) std::ranges::move(*rest, std::back_inserter(all));
    std::ranges::sort(all, {}, &Event::at);
    return all;
  }
  std::uint64_t in_mailbox(House& house, const std::string& who) {
    auto usage = run(house.mailboxes->usage(directory.accounts.at(who),
                                            world.clock.now() + std::chrono::minutes(1)));
    EXPECT_TRUE(usage);
    return usage ? usage->messages : 0;
  }
  void finish(House& house) { run(world, house.finish()); }
};

}  // namespace ph::deliver::testing
