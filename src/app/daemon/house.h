// The rooms of one store, put together: what the server serves from, and what the command line
// opens itself when no server runs.
#pragma once

#include <functional>
#include <memory>

#include "app/daemon/admin.h"
#include "app/daemon/config.h"
#include "identity/identity.h"
#include "journal/journal.h"
#include "mailbox/mailbox.h"
#include "queue/queue.h"
#include "store/store.h"

namespace ph::daemon {

/// Members in the order in which they lean on each other; nothing listens, nothing is delivered.
class House {
 public:
  /// Opens the store, alone. Blocking; before any event loop needs its thread.
  ///   refused      another process holds the store
  ///   unavailable, corrupt, malformed: as store::open says
  static Result<std::unique_ptr<House>> open(const Config& config, rt::World& world,
                                             rt::Executor executor);
  ~House();

  /// Reads the queue and starts what works in the background. On the executor.
  Task<Result<Done>> start();
  /// Writes what is queued, ends the background work, closes the store. On the executor, once,
  /// after start() also where that failed, and after everything that uses the rooms has ended.
  Task<void> finish();

  /// `reports`: of a running server.
  AdminRooms admin(const ServerFacts& server, feedback::ReportDesk* reports = nullptr);

  rt::World& world() { return world_; }
  store::Store& store() { return *store_; }
  journal::EventJournal& journal() { return *journal_; }
  identity::Identity& identity() { return *identity_; }
  mailbox::Mailboxes& mailboxes() { return *mailboxes_; }
  queue::MailQueue& queue() { return *queue_; }
  std::function<void(Event)> note();

 private:
  explicit House(rt::World& world) : world_(world) {}

  rt::World& world_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<journal::EventJournal> journal_;
  std::unique_ptr<identity::Identity> identity_;
  std::unique_ptr<mailbox::Mailboxes> mailboxes_;
  std::unique_ptr<queue::MailQueue> queue_;
  bool started_ = false;
};

}  // namespace ph::daemon
