// The rooms of a server over any store and any world, without the program around them: what the
// simulation tests run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "deliver/deliver.h"
#include "identity/identity.h"
#include "intake/intake.h"
#include "journal/journal.h"
#include "mailbox/mailbox.h"
#include "net/listener.h"
#include "policy/policy.h"
#include "queue/queue.h"
#include "serve/pop3/serve.h"
#include "serve/smtp/serve.h"
#include "sim/resolver.h"
#include "sim/world.h"

namespace ph::testing {

/// One server life: from start() to stop(), or to its death with the store.
class House {
 public:
  struct Options {
    std::string hostname = "mail.example.test";
    std::vector<rt::Network> trusted = {};  // may relay without a login
    deliver::Options deliver = {};
  };

  /// All references outlive it.
  House(store::Store& store, rt::World& world, rt::Executor executor, rt::Resolver& resolver,
        Options options = {})
      : world_(world),
        executor_(executor),
        options_(std::move(options)),
        journal(store, world, executor, {}),
        identity(
            identity::make_identity(store, world, [this](Event e) { journal.note(std::move(e)); })),
        mailboxes(mailbox::make_mailboxes(store, world)),
        queue(store, world, executor,
              [this](std::uint32_t day, std::vector<EventBlock> blocks) {
                return journal.retire(day, std::move(blocks));
              }),
        policy(policy::make_policy(
            {identity->directory(), identity->authenticator(), store,
             [this](std::string account, rt::Instant deadline) -> Task<Result<std::uint64_t>> {
               return octets_used(*mailboxes, std::move(account), deadline);
             },
             world, [this](Event e) { journal.note(std::move(e)); }},
            {.hostname = options_.hostname, .trusted_networks = options_.trusted})),
        intake(intake::make_intake(
            {store, queue, world, [this](Event e) { journal.note(std::move(e)); }},
            {.hostname = options_.hostname})),
        deliverer({queue, identity->directory(), *mailboxes, store, resolver}, world,
                  options_.deliver) {
    journal.add_tail([this](std::string term) { return queue.events(std::move(term)); });
  }

  /// Opens the queue and serves SMTP at `smtp`. Accounts are the caller's affair.
  Task<Result<Done>> start(rt::Endpoint smtp) {
    PH_CO_TRY([[maybe_unused]] auto opened, co_await queue.open());
    journal.start();
    queue.start();
    deliverer.start();
    auto listening =
        net::Listener::open(world_, {executor_}, smtp,
                            [this](net::Connection& connection) { return serve(connection); });
    if (!listening) co_return std::unexpected(std::move(listening).error());
    listener = *std::move(listening);
    co_return Done{};
  }

  Task<void> stop() {
    if (listener) {
      listener->drain();
      listener->close_all();
      auto timer = world_.timers.timer(executor_);
      while (listener->open_connections() > 0) {
        auto waited =
            co_await timer->wait_until(world_.clock.now() + std::chrono::milliseconds(10));
        static_cast<void>(waited);
      }
    }
    co_await deliverer.finish();
    co_await queue.finish();
    co_await journal.finish();
  }

 private:
  rt::World& world_;
  rt::Executor executor_;
  Options options_;

 public:
  journal::EventJournal journal;
  std::unique_ptr<identity::Identity> identity;
  std::unique_ptr<mailbox::Mailboxes> mailboxes;
  queue::MailQueue queue;
  std::unique_ptr<policy::Policy> policy;
  std::unique_ptr<intake::Intake> intake;
  deliver::Deliverer deliverer;
  std::unique_ptr<net::Listener> listener;

 private:
  static Task<Result<std::uint64_t>> octets_used(mailbox::Mailboxes& boxes,  // NOLINT
                                                 std::string account, rt::Instant deadline) {
    PH_CO_TRY(const mailbox::Usage usage, co_await boxes.usage(std::move(account), deadline));
    co_return usage.octets;
  }
  Task<void> serve(net::Connection& connection) {  // NOLINT: lent by the listener
    smtp::ServerOptions options;
    options.hostname = options_.hostname;
    options.listener = "smtp";
    co_await serve::serve_smtp(connection, std::move(options), {}, nullptr,
                               {*policy, *intake, journal, world_.clock});
  }
};

}  // namespace ph::testing
