// A shared allowance of octets, taken before memory is, so that a full machine answers 4yz instead
// of failing an allocation.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "base/error.h"

namespace ph {

/// Thread-safe. Outlives its shares.
class Budget {
 public:
  explicit Budget(std::uint64_t octets_max) : octets_max_(octets_max) {}

  /// Part of the budget; given back when it is destroyed. Movable.
  class Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)),
          octets_(std::exchange(other.octets_, 0)) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(octets_, other.octets_);
      return *this;
    }
    ~Share() {
      if (budget_ != nullptr) budget_->used_.fetch_sub(octets_, std::memory_order_relaxed);
    }
    std::uint64_t octets() const { return octets_; }
    /// unavailable: the budget is used up; the share keeps what it has.
    Result<Done> grow(std::uint64_t octets) {
      PH_CHECK(budget_ != nullptr);
      if (!budget_->add(octets)) return fail(Kind::unavailable, "memory budget is used up");
      octets_ += octets;
      return Done{};
    }

   private:
    friend class Budget;
    Share(Budget* budget, std::uint64_t octets) : budget_(budget), octets_(octets) {}
    Budget* budget_ = nullptr;
    std::uint64_t octets_ = 0;
  };

  /// unavailable: the budget is used up.
  Result<Share> take(std::uint64_t octets) {
    if (!add(octets)) return fail(Kind::unavailable, "memory budget is used up");
    return Share(this, octets);
  }
  std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  bool add(std::uint64_t octets) {
    const std::uint64_t before = used_.fetch_add(octets, std::memory_order_relaxed);
    if (octets <= octets_max_ && before <= octets_max_ - octets) return true;
    used_.fetch_sub(octets, std::memory_order_relaxed);
    return false;
  }
  std::uint64_t octets_max_;
  std::atomic<std::uint64_t> used_{0};
};

}  // namespace ph
