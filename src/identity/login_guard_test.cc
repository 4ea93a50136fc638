#include "identity/login_guard.h"

#include <gtest/gtest.h>

namespace ph::identity {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
const rt::Instant kNow{seconds(1000)};

TEST(LoginGuard, SlowsThenLocksPeerAndUser) {
  LoginGuard guard({});
  std::vector<std::int64_t> delays;
  for (std::uint32_t i = 1; i <= kLoginFailuresMax; ++i) {
    EXPECT_FALSE(guard.locked("peer", "user", kNow));
    const auto failed = guard.failed("peer", "user", kNow);
    EXPECT_EQ(failed.failures, i);
    EXPECT_EQ(failed.locks.peer, i == kLoginFailuresMax);
    EXPECT_EQ(failed.locks.user, i == kLoginFailuresMax);
    delays.push_back(failed.delay.count());
  }
  EXPECT_EQ(delays,
            (std::vector<std::int64_t>{250, 500, 1000, 2000, 4000, 4000, 4000, 4000, 4000, 4000}));
  EXPECT_TRUE(guard.locked("peer", "other", kNow).peer);
  EXPECT_TRUE(guard.locked("elsewhere", "user", kNow).user);
  EXPECT_FALSE(guard.locked("elsewhere", "other", kNow));
  const rt::Instant end = kNow + kLoginLockMinutes;
  EXPECT_TRUE(guard.locked("peer", "user", end - milliseconds(1)));
  EXPECT_FALSE(guard.locked("peer", "user", end));
  EXPECT_EQ(guard.failed("peer", "user", end).failures, 1u);
}

TEST(LoginGuard, CountsAUserOverManyPeersAndAPeerOverManyUsers) {
  LoginGuard guard({});
  for (std::uint32_t i = 0; i < kLoginFailuresMax; ++i)
    guard.failed("peer" + std::to_string(i), "one", kNow);
  EXPECT_TRUE(guard.locked("fresh", "one", kNow).user);
  EXPECT_FALSE(guard.locked("peer0", "fresh", kNow));
  for (std::uint32_t i = 0; i < kLoginFailuresMax; ++i)
    guard.failed("sprayer", "user" + std::to_string(i), kNow);
  EXPECT_TRUE(guard.locked("sprayer", "fresh", kNow).peer);
}

TEST(LoginGuard, ForgetsOldFailuresAndForgivesUsers) {
  LoginGuard guard({});
  for (std::uint32_t i = 1; i < kLoginFailuresMax; ++i) guard.failed("peer", "user", kNow);
  const rt::Instant later = kNow + kLoginLockMinutes;
  EXPECT_EQ(guard.failed("peer", "user", later).failures, 1u);

  for (std::uint32_t i = 0; i < kLoginFailuresMax; ++i) guard.failed("peer", "user", later);
  guard.forgive_user("user");
  EXPECT_FALSE(guard.locked("elsewhere", "user", later));
  EXPECT_TRUE(guard.locked("peer", "user", later).peer);
}

TEST(LoginGuard, TakesOverALock) {
  LoginGuard guard({});
  guard.lock_user("user", kNow + minutes(3), kNow);
  EXPECT_TRUE(guard.locked("peer", "user", kNow + minutes(2)).user);
  EXPECT_FALSE(guard.locked("peer", "user", kNow + minutes(3)));
}

TEST(LoginGuard, IsBounded) {
  LoginGuard guard({});
  for (std::uint32_t i = 0; i < kLoginFailuresMax; ++i) guard.failed("first", "first", kNow);
  for (std::size_t i = 0; i < kLoginFailureEntriesMax; ++i)
    guard.failed("p" + std::to_string(i), "u" + std::to_string(i), kNow);
  EXPECT_FALSE(guard.locked("first", "first", kNow));  // the oldest are gone
  const std::string last = std::to_string(kLoginFailureEntriesMax - 1);
  EXPECT_EQ(guard.failed("p" + last, "x", kNow).failures, 2u);
}

}  // namespace
}  // namespace ph::identity
