// Watches within one process: who wants to hear of which partition.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/store.h"

namespace ph::store {

/// Thread-safe; rings never run inside ring(). Watches may outlive the board.
class WatchBoard {
 public:
  /// More rings than this waiting for one watcher become one `resync`.
  static constexpr std::size_t kRingsWaitingMax = 16;

  WatchBoard();
  ~WatchBoard();
  std::unique_ptr<Watch> watch(Partition partition, rt::Executor executor,
                               std::function<void(Ring)> ring);
  /// Tells everybody who watches `partition`. O(watchers of it).
  void ring(const Partition& partition, const std::string& hint);

 private:
  struct Watcher;
  struct Shared;
  class Handle;
  std::shared_ptr<Shared> shared_;  // with the watches' handles, which unsubscribe themselves
};

}  // namespace ph::store
