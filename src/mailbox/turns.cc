#include "mailbox/turns.h"

#include <algorithm>

#include "mailbox/limits.h"

namespace ph::mailbox {

std::size_t row_octets(const Delivery& delivery) {
  constexpr std::size_t kFixedOctets = 200;  // ids, dates, tags
  return kFixedOctets + delivery.prefix.size() + delivery.message_id.size() +
         delivery.queue_id.size();
}

Task<Turn> Turns::enter(Job* job) {
  {
    const std::lock_guard lock(mutex_);
    if (!busy_) {
      busy_ = true;
      co_return Turn::mine;
    }
  }
  co_return co_await rt::suspend<Turn>([this, job](rt::Resume<Turn> resume) {
    Turn now = Turn::mine;
    {
      const std::lock_guard lock(mutex_);
      if (busy_ && waiting_.size() < kQueuedCallsMax) {
        job->resume = std::move(resume);
        waiting_.push_back(job);
        return;
      }
      if (busy_) now = Turn::full;
      busy_ = true;
    }
    resume(now);
  });
}

void Turns::take(std::vector<Job*>& taken, std::size_t count_max, std::size_t octets_max) {
  std::size_t octets = 0;
  for (const Job* job : taken) octets += row_octets(*job->delivery);
  const auto same = [](const Job* a, const Job* b) {
    return a->delivery->once == b->delivery->once && a->delivery->once_day == b->delivery->once_day;
  };
  const std::lock_guard lock(mutex_);
  std::erase_if(waiting_, [&](Job* job) {
    if (!job->delivery || taken.size() >= count_max) return false;
    const std::size_t more = row_octets(*job->delivery);
    if (octets + more > octets_max) return false;
    if (std::ranges::any_of(taken, [&](const Job* other) { return same(job, other); }))
      return false;
    octets += more;
    taken.push_back(job);
    return true;
  });
}

void Turns::resume(Job* job, Turn turn) {
  auto way = std::move(*job->resume);  // the job may be gone as soon as its coroutine goes on
  job->resume.reset();
  way(turn);
}

void Turns::answer(Job* job, Result<Delivered> result) {
  job->answer = std::move(result);
  if (job->resume) resume(job, Turn::answered);
}

void Turns::leave() {
  Job* next = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
      busy_ = false;
      return;
    }
    next = waiting_.front();
    waiting_.pop_front();
  }
  resume(next, Turn::mine);
}

}  // namespace ph::mailbox
