#include "deliver/host_memory.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sim/world.h"

namespace ph::deliver {
namespace {

using namespace std::chrono_literals;

Target target(std::size_t n) {
  return {{*rt::parse_ip(fmt::format("192.0.{}.{}", n / 256, n % 256)), 25}, "mx"};
}
std::deque<Target> targets(std::size_t count) {
  std::deque<Target> all;
  for (std::size_t n = 0; n < count; ++n) all.push_back(target(n));
  return all;
}

struct HostMemoryTest : ::testing::Test {
  sim::World world{1};
  HostMemory hosts{world.clock};
  std::size_t first(std::size_t count) {
    auto all = targets(count);
    hosts.arrange(all);
    for (std::size_t n = 0; n < count; ++n)
      if (all.front() == target(n)) return n;
    return count;
  }
};

TEST_F(HostMemoryTest, KeepsTheOrderOfPreferenceWhereNothingFailed) {
  auto all = targets(10);
  hosts.arrange(all);
  EXPECT_EQ(all, targets(10));
}

TEST_F(HostMemoryTest, ADeadHostComesLastForAWhile) {
  hosts.failed(target(0).at, true);
  EXPECT_EQ(first(2), 1u);
  world.run(kHostDeadFor - 1s);
  EXPECT_EQ(first(2), 1u);
  world.run(1s);
  EXPECT_EQ(first(2), 0u) << "its preference counts again";
  hosts.failed(target(0).at, false);
  EXPECT_EQ(first(2), 0u) << "one that talks is asked again: it puts off, for a reason of its own";
  hosts.failed(target(0).at, true);
  hosts.works(target(0).at, {});
  EXPECT_EQ(first(2), 0u);
}

TEST_F(HostMemoryTest, SeveralAttemptsComePastAllOfThem) {
  std::set<std::string> tried;
  for (int attempt = 0; attempt < 4; ++attempt) {
    auto all = targets(60);
    hosts.arrange(all);
    ASSERT_EQ(all.size(), kTargetsPerAttemptMax);
    for (const Target& one : all) {
      hosts.failed(one.at, true);
      tried.insert(to_string(one));
    }
    world.run(4h);  // the longest wait between attempts
  }
  EXPECT_EQ(tried.size(), 60u);
}

TEST_F(HostMemoryTest, WhereOneWorksTheOthersGetTheirTurnBack) {
  hosts.failed(target(0).at, false);
  EXPECT_EQ(first(10), 1u);
  world.run(kHostDeadFor);
  EXPECT_EQ(first(10), 1u) << "many, and none that works: others first";
  auto all = targets(10);
  hosts.arrange(all);
  all.pop_front();
  hosts.works(target(1).at, all);
  EXPECT_EQ(first(10), 0u);
  world.run(1s);
  hosts.failed(target(0).at, false);
  world.run(kHostRememberedFor);
  EXPECT_EQ(first(10), 0u) << "forgotten";
}

TEST_F(HostMemoryTest, IsBounded) {
  for (std::size_t n = 0; n < kHostsRememberedMax + 100; ++n) hosts.failed(target(n).at, true);
  EXPECT_EQ(hosts.size(), kHostsRememberedMax);
  EXPECT_EQ(first(2), 0u) << "the oldest are forgotten";
  world.run(kHostRememberedFor + 1s);
  hosts.failed(target(0).at, true);
  EXPECT_EQ(hosts.size(), 1u);
}

}  // namespace
}  // namespace ph::deliver
