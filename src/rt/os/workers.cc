#include "rt/os/workers.h"

#include <pthread.h>

#include <algorithm>

#include "rt/os/world.h"

namespace ph::rt::os {

OsWorkers::OsWorkers(unsigned threads) {
  for (unsigned i = 0; i < std::clamp(threads, 1U, kWorkerThreadsMax); ++i)
    threads_.emplace_back([this] { run(); });
}

OsWorkers::~OsWorkers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void OsWorkers::post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < kWorkPiecesMax) {
      waiting_.push_back(std::move(work));
      wake_.notify_one();
      return;
    }
  }
  work();  // slows down those who ask for too much, and loses nothing
}

void OsWorkers::run() {
  ::pthread_setname_np(::pthread_self(), "worker");
  for (;;) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    work();
  }
}

}  // namespace ph::rt::os
