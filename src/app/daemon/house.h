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

/// rt::Disk with `reserve` octets less free space: [limits] min_free, seen by the store.
class ReservedDisk final : public rt::Disk {
 public:
  ReservedDisk(rt::Disk& disk, std::uint64_t reserve) : disk_(disk), reserve_(reserve) {}
  Result<std::string> read(std::string_view file) override { return disk_.read(file); }
  Result<Done> replace(std::string_view file, std::string_view octets, unsigned mode) override {
    return disk_.replace(file, octets, mode);
  }
  Result<std::uint64_t> free_octets(std::string_view folder) override;

 private:
  rt::Disk& disk_;
  std::uint64_t reserve_;
};

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
  /// Writes what is queued, ends the background work, closes the store. On the executor, once, and
  /// after everything that uses the rooms has ended.
  Task<void> finish();

  AdminRooms admin(const ServerFacts& server);

  rt::World& world() { return world_; }
  store::Store& store() { return *store_; }
  journal::EventJournal& journal() { return *journal_; }
  identity::Identity& identity() { return *identity_; }
  mailbox::Mailboxes& mailboxes() { return *mailboxes_; }
  queue::MailQueue& queue() { return *queue_; }
  std::function<void(Event)> note();

 private:
  House(const Config& config, rt::World& world);

  ReservedDisk disk_;
  rt::World world_;  // the real one, with disk_
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<journal::EventJournal> journal_;
  std::unique_ptr<identity::Identity> identity_;
  std::unique_ptr<mailbox::Mailboxes> mailboxes_;
  std::unique_ptr<queue::MailQueue> queue_;
};

}  // namespace ph::daemon
