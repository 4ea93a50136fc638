#include "store/watch_board.h"

#include <algorithm>

namespace ph::store {

struct WatchBoard::Watcher {
  Partition partition;
  rt::Executor executor;
  std::function<void(Ring)> ring;
  std::mutex mutex;
  std::vector<Ring> waiting;  // posted and not yet told
  bool dropped = false;
};

struct WatchBoard::Shared {
  std::mutex mutex;
  std::unordered_map<Partition, std::vector<std::shared_ptr<Watcher>>> watchers;
};

class WatchBoard::Handle final : public Watch {
 public:
  Handle(std::shared_ptr<Shared> shared, std::shared_ptr<Watcher> watcher)
      : shared_(std::move(shared)), watcher_(std::move(watcher)) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() override {
    const std::scoped_lock board(shared_->mutex);
    const auto found = shared_->watchers.find(watcher_->partition);
    std::erase(found->second, watcher_);
    if (found->second.empty()) shared_->watchers.erase(found);
    const std::scoped_lock own(watcher_->mutex);
    watcher_->dropped = true;
  }

 private:
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<Watcher> watcher_;  // with the board's list and with rings under way
};

WatchBoard::WatchBoard() : shared_(std::make_shared<Shared>()) {}
WatchBoard::~WatchBoard() = default;

std::unique_ptr<Watch> WatchBoard::watch(Partition partition, rt::Executor executor,
                                         std::function<void(Ring)> ring) {
  auto watcher = std::make_shared<Watcher>();
  watcher->partition = std::move(partition);
  watcher->executor = std::move(executor);
  watcher->ring = std::move(ring);
  const std::scoped_lock lock(shared_->mutex);
  shared_->watchers[watcher->partition].push_back(watcher);
  return std::make_unique<Handle>(shared_, watcher);
}

void WatchBoard::ring(const Partition& partition, const std::string& hint) {
  const std::scoped_lock board(shared_->mutex);
  const auto found = shared_->watchers.find(partition);
  if (found == shared_->watchers.end()) return;
  for (const std::shared_ptr<Watcher>& watcher : found->second) {
    const std::scoped_lock own(watcher->mutex);
    std::vector<Ring>& waiting = watcher->waiting;
    const bool posted = !waiting.empty();
    if (waiting.size() == kRingsWaitingMax) waiting.assign(1, {partition, "", Ring::What::resync});
    if (!posted || waiting.front().what != Ring::What::resync)
      waiting.push_back({partition, hint, Ring::What::changed});
    if (posted) continue;
    boost::asio::post(watcher->executor, [watcher] {
      std::vector<Ring> rings;
      {
        const std::scoped_lock lock(watcher->mutex);
        rings.swap(watcher->waiting);
      }
      for (Ring& one : rings) {
        {
          const std::scoped_lock lock(watcher->mutex);
          if (watcher->dropped) return;
        }
        watcher->ring(std::move(one));
      }
    });
  }
}

}  // namespace ph::store
