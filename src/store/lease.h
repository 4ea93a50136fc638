// Leases over the Store interface; every engine uses this one.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "store/store.h"

namespace ph::store {

/// Rows of a lease: "!l/<name>" says who holds it, and its version is the epoch that fences check;
/// it is written when the lease is taken and never after, so that heartbeats do not disturb batches
/// under way. "!b/<name>" is rewritten by every heartbeat.
struct LeaseRequest {
  Partition partition;
  std::string name, owner;
  std::chrono::milliseconds ttl{};
  /// Of the only process that can have the store open. A lease of an earlier incarnation is dead
  /// and is taken at once, so that a restart after a crash need not wait for it.
  std::uint64_t incarnation = 0;
};

/// Waits until the lease is ours. over_limit: the name is too long; other failures are the store's.
/// The lease belongs to the caller's executor and must be dropped there; store and world outlive it
/// and the release that it sends when dropped.
Task<Result<std::unique_ptr<Lease>>> acquire_lease(Store& store, rt::World& world,
                                                   LeaseRequest request);

}  // namespace ph::store
