// The real world: the system's clocks, randomness, files, sockets, timers and threads behind the
// interfaces of rt/world.h.
#pragma once

#include <memory>

#include "rt/world.h"

namespace ph::rt::os {

/// Worker threads where nothing else is said: password hashing is what they do most, and it takes
/// 19 MiB each.
inline constexpr unsigned kWorkerThreads = 2;
inline constexpr unsigned kWorkerThreadsMax = 64;
/// Pieces of work that wait for a worker thread; above it, whoever posts does the work itself.
inline constexpr std::size_t kWorkPiecesMax = 16384;
/// Largest file that Disk::read() takes.
inline constexpr std::size_t kFileOctetsMax = 16 << 20;

struct OsParts;
struct OsPartsHolder {
  OsPartsHolder(Log& log, unsigned worker_threads);
  ~OsPartsHolder();
  std::unique_ptr<OsParts> parts;
};

/// Outlives everything that is built on it, the event loops too. `log` outlives it. Its destructor
/// waits for the worker threads to finish what was posted.
class OsWorld : private OsPartsHolder, public World {
 public:
  explicit OsWorld(Log& log, unsigned worker_threads = kWorkerThreads);
};

}  // namespace ph::rt::os
