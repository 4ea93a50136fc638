#include "identity/generation_cache.h"

#include <gtest/gtest.h>

namespace ph::identity {
namespace {

using std::chrono::seconds;
const rt::Instant kNow{seconds(100)};
const rt::Instant kLater{seconds(200)};

TEST(GenerationCache, ForgetsWhatIsOld) {
  GenerationCache<int> cache(100);
  cache.put("a", 1, kLater, cache.epoch());
  EXPECT_EQ(cache.find("a", kNow), 1);
  EXPECT_EQ(cache.find("a", kLater), std::nullopt);
  EXPECT_EQ(cache.find("b", kNow), std::nullopt);
  cache.put("a", 2, kLater + seconds(1), cache.epoch());
  EXPECT_EQ(cache.find("a", kLater), 2);
}

TEST(GenerationCache, RefusesWhatWasReadBeforeAChange) {
  GenerationCache<int> cache(100);
  const auto epoch = cache.epoch();
  cache.clear();
  cache.put("a", 1, kLater, epoch);
  EXPECT_EQ(cache.find("a", kNow), std::nullopt);
  cache.put("a", 1, kLater, cache.epoch());
  cache.clear();
  EXPECT_EQ(cache.find("a", kNow), std::nullopt);
}

TEST(GenerationCache, KeepsWhatIsUsedWithinItsBound) {
  GenerationCache<int> cache(100);
  cache.put("used", 1, kLater, cache.epoch());
  for (int i = 0; i < 1000; ++i) {
    cache.put(std::to_string(i), i, kLater, cache.epoch());
    ASSERT_EQ(cache.find("used", kNow), 1) << i;
  }
  int kept = 0;
  for (int i = 0; i < 1000; ++i) kept += cache.find(std::to_string(i), kNow) ? 1 : 0;
  EXPECT_GE(kept, 49);
  EXPECT_LE(kept, 100);
}

}  // namespace
}  // namespace ph::identity
