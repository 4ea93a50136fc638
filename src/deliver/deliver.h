// Performs what the router plans for each recipient of a queued message: into a mailbox, or on to
// other recipients (aliases, moved addresses). What cannot be done now waits, with its reason.
#pragma once

#include <memory>

#include "identity/port.h"
#include "mailbox/port.h"
#include "queue/queue.h"
#include "queue/retry.h"
#include "route/route.h"

namespace ph::deliver {

inline constexpr std::size_t kAttemptsMax = 200;   // messages under way at once
inline constexpr std::size_t kJobsAtOnceMax = 32;  // recipients of one message under way
inline constexpr std::chrono::seconds kDeliveryDeadline{60};
inline constexpr std::chrono::seconds kUnrecordedWait{15};  // the store did not take the outcome

struct Rooms {
  queue::MailQueue& queue;
  identity::Directory& directory;
  mailbox::Mailboxes& mailboxes;
};

struct Options {
  queue::RetryTimes retry;
};

class Deliverer {
 public:
  /// Runs on the queue's executor. All references outlive the deliverer.
  Deliverer(Rooms rooms, rt::World& world, Options options);

  void start();
  /// Takes no more messages and waits for those under way.
  Task<void> finish();

 private:
  Task<void> run();
  Task<void> attempt(std::shared_ptr<const queue::Message> message);
  struct Outcome;
  struct Round;
  Task<void> work(std::shared_ptr<Round> round);
  Task<Outcome> one(std::shared_ptr<const queue::Message> message, std::size_t index);
  Task<Result<std::vector<route::Plan>>> plan(message::Address recipient, rt::Instant deadline);
  Task<Outcome> into_mailbox(std::shared_ptr<const queue::Message> message, std::size_t index,
                             route::Plan plan, rt::Instant deadline);
  Outcome later(const queue::Job& job, std::string why, bool relay = false);

  Rooms rooms_;
  rt::World& world_;
  Options options_;
  std::unique_ptr<rt::Timer> idle_;
  std::size_t under_way_ = 0;
  bool stopping_ = false, running_ = false;
};

}  // namespace ph::deliver
