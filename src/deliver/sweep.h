// Frees what nothing refers to any more: bodies of drafts cut off by a crash, holders whose row is
// gone (docs/states/queue.md, rows 1, 2 and 7), account rows without an address
// (docs/states/account.md).
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "identity/identity.h"
#include "store/store.h"

namespace ph::deliver {

inline constexpr std::chrono::hours kSweepEvery{6};
inline constexpr std::chrono::minutes kSweepFirst{10};  // after the start, when it is quiet again

/// Does the row that this holder names still exist? Unknown kinds of holders count as alive.
Task<Result<bool>> holder_alive(store::Store& store, std::string holder);  // NOLINT: store outlives

class Sweeper {
 public:
  /// References outlive it.
  Sweeper(store::Store& store, identity::Identity& identity, rt::World& world,
          rt::Executor executor);
  void start();
  Task<void> finish();
  /// One sweep of everything older than a day. Octets freed.
  Task<Result<std::uint64_t>> sweep_now();

 private:
  Task<void> run();

  store::Store& store_;
  identity::Identity& identity_;
  rt::World& world_;
  rt::Executor executor_;
  std::unique_ptr<rt::Timer> timer_, stopped_;
  bool stopping_ = false, running_ = false;
};

}  // namespace ph::deliver
