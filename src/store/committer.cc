#include "store/committer.h"

#include <algorithm>

namespace ph::store {

Result<std::optional<Version>> Group::version_of(const std::string& row_key) const {
  const auto staged = staged_.find(row_key);
  if (staged != staged_.end()) return staged->second;
  return database_.version_of(row_key);
}

void Group::put_row(const std::string& row_key, const Version& version, const std::string& record) {
  batch_.Put(database_.family(Database::Family::kv), row_key, record);
  staged_.insert_or_assign(row_key, version);
}

void Group::delete_row(const std::string& row_key) {
  batch_.Delete(database_.family(Database::Family::kv), row_key);
  staged_.insert_or_assign(row_key, std::nullopt);
}

Committer::Committer(Database& database, rt::Clock& clock, Setup setup)
    : database_(database), clock_(clock), setup_(std::move(setup)) {
  if (!setup_.runs_inline) thread_ = std::thread([this] { run(); });
}

void Committer::ring(Bell& bell) {
  {
    const std::scoped_lock lock(bell.mutex);
    if (bell.rung || !bell.asked) return;  // its work went along with an earlier one
    bell.rung = true;
  }
  bell.wake.notify_one();
}

void Committer::submit(std::unique_ptr<Work> work) {
  const bool unasked = work->ends() == Work::Ends::submitted;
  const rt::Executor executor = work->executor();
  bool wakes = false;
  {
    const std::scoped_lock lock(bell_->mutex);
    queued_octets_ += work->octets();
    queue_.push_back(std::move(work));
    bell_->asked = bell_->asked || !unasked;
    if (bell_->rung || setup_.runs_inline) return;
    wakes = queue_.size() == 1 || queued_octets_ >= kUnaskedOctetsMax;
  }
  if (unasked) {
    if (wakes) bell_->wake.notify_one();  // its time begins, or has come
  } else if (executor) {
    boost::asio::post(executor, [bell = bell_] { ring(*bell); });
  } else {
    ring(*bell_);
  }
}

bool Committer::is_full() const {
  const std::scoped_lock lock(bell_->mutex);
  return queued_octets_ >= kQueuedOctetsMax || queue_.size() >= kQueuedWorksMax;
}

Task<Result<Done>> Committer::wait_for_room() {
  {
    const std::scoped_lock lock(bell_->mutex);
    if (queued_octets_ < kQueuedOctetsSoft) co_return Done{};
  }
  using Waiter = rt::Resume<Result<Done>>;
  auto done = co_await rt::suspend<Result<Done>>([this](Waiter waiter) {
    {
      const std::scoped_lock lock(bell_->mutex);
      if (queued_octets_ >= kQueuedOctetsSoft) {
        waiters_.push_back(std::move(waiter));
        return;
      }
    }
    waiter(Done{});  // written meanwhile
  });
  co_return done;
}

Committer::Works Committer::take() {
  Works works;
  std::size_t octets = 0;
  while (!queue_.empty() && works.size() < kGroupWorksMax && octets < kGroupOctetsMax) {
    const bool alone = queue_.front()->alone();
    if (alone && !works.empty()) break;
    octets += queue_.front()->octets();
    works.push_back(std::move(queue_.front()));
    queue_.pop_front();
    if (alone) break;
  }
  return works;
}

void Committer::run() {
  std::unique_lock lock(bell_->mutex);
  for (;;) {
    bell_->wake.wait(lock, [this] { return stopping_ || bell_->rung || !queue_.empty(); });
    bell_->wake.wait_for(lock, kUnaskedTime, [this] {
      return stopping_ || bell_->rung || queued_octets_ >= kUnaskedOctetsMax;
    });
    if (dead_ || (queue_.empty() && stopping_)) return;
    Works works = take();
    bell_->asked = bell_->rung = !queue_.empty();
    if (works.empty()) continue;
    lock.unlock();
    write(std::move(works));
    lock.lock();
  }
}

bool Committer::run_group() {
  Works works;
  {
    const std::scoped_lock lock(bell_->mutex);
    if (!dead_) works = take();
  }
  if (works.empty()) return false;
  write(std::move(works));
  return true;
}

/// Everything that ends now, one post for each executor.
void Committer::finish(Works& works, Work::Ends ends) {
  std::vector<std::pair<rt::Executor, Works>> by_executor;
  for (std::unique_ptr<Work>& work : works) {
    if (!work || work->ends() != ends) continue;
    const rt::Executor executor = work->executor();
    auto found = std::ranges::find_if(by_executor,
                                      [&](const auto& entry) { return entry.first == executor; });
    if (found == by_executor.end()) found = by_executor.emplace(found, executor, Works());
    found->second.push_back(std::move(work));
  }
  for (auto& [executor, done] : by_executor)
    boost::asio::post(executor, [ended = std::move(done)] {
      for (const std::unique_ptr<Work>& work : ended) work->finish();
    });
}

void Committer::write(Works works) {
  Group group(database_, clock_.now());
  std::size_t octets = 0;
  for (const std::unique_ptr<Work>& work : works) {
    octets += work->octets();
    work->stage(group);
  }
  finish(works, Work::Ends::staged);
  Result<Done> written = Done{};
  if (group.batch().Count() > 0) written = database_.write(group.batch(), group.durable());
  if (written && group.batch().Count() == 0 && group.durable()) written = database_.sync();
  if (!written) {
    {
      const std::scoped_lock lock(bell_->mutex);
      dead_ = true;
    }
    setup_.fatal(written.error());
    return;
  }
  for (const std::unique_ptr<Work>& work : works)
    if (work) work->on_written();
  {
    const std::scoped_lock lock(bell_->mutex);
    queued_octets_ -= octets;
  }
  finish(works, Work::Ends::written);
  release_waiters();
}

void Committer::release_waiters() {
  std::vector<rt::Resume<Result<Done>>> ready;
  {
    const std::scoped_lock lock(bell_->mutex);
    if (queued_octets_ >= kQueuedOctetsSoft) return;
    ready.swap(waiters_);
  }
  for (rt::Resume<Result<Done>>& waiter : ready) waiter(Done{});
}

void Committer::stop() {
  {
    const std::scoped_lock lock(bell_->mutex);
    if (std::exchange(stopping_, true)) return;
  }
  bell_->wake.notify_one();
  if (thread_.joinable()) thread_.join();
  while (setup_.runs_inline && run_group()) {
  }
  std::deque<std::unique_ptr<Work>> unanswered;
  std::vector<rt::Resume<Result<Done>>> waiting;
  {
    const std::scoped_lock lock(bell_->mutex);
    if (dead_) {
      unanswered.swap(queue_);
      waiting.swap(waiters_);
      return;
    }
  }
  const auto synced = database_.sync();
  if (!synced) setup_.fatal(synced.error());
}

}  // namespace ph::store
