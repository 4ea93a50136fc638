// Threads for work that would hold up an event loop.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "rt/world.h"

namespace ph::rt::os {

/// The destructor finishes what was posted. Thread-safe.
class OsWorkers final : public Workers {
 public:
  explicit OsWorkers(unsigned threads);
  ~OsWorkers() override;
  void post(std::function<void()> work) override;

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> waiting_;  // guarded by mutex_
  bool stopping_ = false;                      // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace ph::rt::os
