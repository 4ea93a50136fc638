// TCP on the system's sockets.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "rt/world.h"

namespace ph::rt::os {

/// Thread-safe. Streams and acceptors may outlive it.
class OsNet final : public Net {
 public:
  Result<std::unique_ptr<Acceptor>> listen(Executor executor, Endpoint at, bool shared) override;
  Task<Result<std::unique_ptr<Stream>>> connect(Endpoint to, Instant deadline) override;

 private:
  /// Endpoints that this process shares between its threads, and how many acceptors each has.
  struct Shared {
    std::mutex mutex;
    std::map<Endpoint, int> acceptors;
  };
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();  // with every shared acceptor
};

}  // namespace ph::rt::os
