#include "identity/turnstile.h"

#include <optional>

namespace ph::identity {

Task<Result<Turnstile::Turn>> Turnstile::enter() {
  {
    const std::lock_guard lock(mutex_);
    if (inside_ < inside_max_) {
      ++inside_;
      co_return Turn(*this);
    }
    if (waiting_.size() >= waiting_max_)
      co_return fail(Kind::unavailable, "too many are waiting already");
  }
  [[maybe_unused]] const Done our_turn =
      co_await rt::suspend<Done>([this](rt::Resume<Done> resume) {
        std::unique_lock lock(mutex_);
        if (inside_ >= inside_max_) {
          waiting_.push_back(std::move(resume));
          return;
        }
        ++inside_;
        lock.unlock();
        resume(Done{});
      });
  co_return Turn(*this);
}

void Turnstile::leave() {
  std::optional<rt::Resume<Done>> next;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
      --inside_;
      return;
    }
    next.emplace(std::move(waiting_.front()));  // our place is handed over
    waiting_.pop_front();
  }
  (*next)(Done{});
}

}  // namespace ph::identity
