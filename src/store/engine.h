// What an engine of this room offers beyond Store, and what all local engines share.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "store/conditions.h"
#include "store/ids.h"
#include "store/lease.h"
#include "store/store.h"
#include "store/watch_board.h"

namespace ph::store {

class Engine : public Store {
 public:
  /// Returns when everything that was sealed, linked and unlinked before is durable.
  virtual Task<Result<Done>> sync() = 0;
};

/// An engine in this process that nobody else has open: watches need no wire, and leases of an
/// earlier incarnation are dead.
class LocalEngine : public Engine {
 public:
  LocalEngine(rt::World& world, std::uint64_t incarnation) : world_(world), ids_(incarnation) {}

  Task<Result<Done>> settle(Ticket ticket, [[maybe_unused]] Opt opt) override {
    // No local commit ends as `unknown`: a ticket exists only where the acknowledgement does.
    PH_CO_TRY([[maybe_unused]] const Done named, check_partition(ticket.partition));
    if (!is_proof(ticket)) co_return fail(Kind::conflict, "no commit was acknowledged with this");
    co_return Done{};
  }
  std::unique_ptr<Watch> watch(Partition partition, rt::Executor executor,
                               std::function<void(Ring)> ring) override {
    return board_.watch(std::move(partition), std::move(executor), std::move(ring));
  }
  std::chrono::milliseconds poll_every() const override { return kPollEvery; }
  Task<Result<std::unique_ptr<Lease>>> acquire(Partition partition, std::string name,
                                               std::string owner,
                                               std::chrono::milliseconds ttl) override {
    LeaseRequest request{std::move(partition), std::move(name), std::move(owner), ttl,
                         ids_.incarnation()};
    return acquire_lease(*this, world_, std::move(request));
  }

 protected:
  /// Rings are not lost in one process; looking now and then costs little all the same.
  static constexpr std::chrono::milliseconds kPollEvery{10000};

  rt::World& world_;
  Ids ids_;
  WatchBoard board_;
};

}  // namespace ph::store
