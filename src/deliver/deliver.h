// Performs what the router plans for each recipient of a queued message: into a mailbox, on to
// other recipients (aliases, moved addresses), or to another server. What cannot be done now
// waits, with its reason; what can never be done is reported to the sender.
#pragma once

#include <memory>
#include <vector>

#include "deliver/ledger.h"
#include "deliver/relay.h"
#include "identity/port.h"
#include "mailbox/port.h"
#include "queue/queue.h"
#include "route/route.h"

namespace ph::deliver {

inline constexpr std::size_t kAttemptsMax = 200;   // messages being planned or put into mailboxes
inline constexpr std::size_t kJobsAtOnceMax = 32;  // recipients of one message under way
inline constexpr std::chrono::seconds kDeliveryDeadline{60};

struct Rooms {
  queue::MailQueue& queue;
  identity::Directory& directory;
  mailbox::Mailboxes& mailboxes;
  store::Store& store;
  rt::Resolver& resolver;
  identity::Keyring* keys = nullptr;  // that sign our reports
};

/// A line of [delivery] routes.
struct StaticRoute {
  std::string domain;              // lower case; "*": all others
  std::optional<rt::Endpoint> to;  // nullopt: hold
  bool operator==(const StaticRoute&) const = default;
};

struct Options {
  LedgerOptions ledger;
  RelayOptions relay;
  std::vector<StaticRoute> routes;
};

class Deliverer {
 public:
  /// Runs on the queue's executor. All references outlive the deliverer.
  Deliverer(Rooms rooms, rt::World& world, Options options);

  void start();
  /// From now on; attempts under way end as they began. What a route kept so far is looked at again
  /// at once. On the queue's executor.
  void set_routes(std::vector<StaticRoute> routes);
  /// Takes no more messages and waits for those under way.
  Task<void> finish();

 private:
  Task<void> run();
  Task<void> attempt(queue::Due due);
  void end_attempt();
  struct Round;
  Task<void> work(std::shared_ptr<Round> round);
  /// nullopt: the relay takes it over and records what becomes of it.
  Task<std::optional<Attempt>> one(std::shared_ptr<Round> round, std::size_t slot);
  Task<Result<std::vector<route::Plan>>> plan(message::Address recipient, rt::Instant deadline);
  Task<Attempt> into_mailbox(std::shared_ptr<const queue::Message> message, std::uint32_t index,
                             route::Plan plan, rt::Instant deadline);
  Task<void> look_again();
  std::optional<Attempt> find_route(const message::Address& recipient, Round& round,
                                    std::uint32_t index) const;

  Rooms rooms_;
  rt::World& world_;
  Options options_;
  Ledger ledger_;
  Relay relay_;
  std::unique_ptr<rt::Timer> idle_;  // finish() waits
  std::unique_ptr<rt::Timer> full_;  // run() waits for an attempt to end
  std::size_t under_way_ = 0;
  std::uint64_t routes_version_ = 0;
  bool stopping_ = false, running_ = false;
};

}  // namespace ph::deliver
