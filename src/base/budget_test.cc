#include "base/budget.h"

#include <gtest/gtest.h>

namespace ph {
namespace {

TEST(Budget, GivesWhatItHasAndNoMore) {
  Budget budget(100);
  auto first = budget.take(60);
  ASSERT_TRUE(first);
  EXPECT_EQ(budget.take(41).error().kind, Kind::unavailable);
  EXPECT_TRUE(first->grow(40));
  EXPECT_FALSE(first->grow(1));
  EXPECT_EQ(budget.used(), 100u);
}

TEST(Budget, GetsItBackWithTheShare) {
  Budget budget(100);
  {
    auto share = budget.take(100);
    ASSERT_TRUE(share);
    Budget::Share moved = *std::move(share);
    EXPECT_EQ(budget.used(), 100u);
  }
  EXPECT_EQ(budget.used(), 0u);
  EXPECT_FALSE(budget.take(~std::uint64_t{0}));
  EXPECT_EQ(budget.used(), 0u);
}

}  // namespace
}  // namespace ph
