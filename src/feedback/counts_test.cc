#include "feedback/counts.h"

#include <gtest/gtest.h>

#include "feedback/testing/house.h"

namespace ph::feedback {
namespace {

struct FeedbackCounts : testing::FeedbackHouse {
  /// What the store has of today, without writing anything.
  std::vector<Group> stored() {
    Collection collection(*disk);
    std::vector<Group> out;
    for (unsigned slot = 0; slot < kFeedbackSlots; ++slot) {
      const auto groups = run(collection.groups(day_of(world.clock.wall()), slot, 1000));
      EXPECT_TRUE(groups);
      for (const Stored& each : *groups) out.push_back(each.group);
    }
    return out;
  }
  std::uint64_t messages_stored() {
    std::uint64_t sum = 0;
    for (const Group& group : stored()) sum += group.messages + group.omitted;
    return sum;
  }
  /// Begins a write; `ended` counts it when it is over.
  void begin_write(Counts& counts, int& ended) {
    world.spawn([](Counts& from, int& count) -> Task<void> {
      const auto written = co_await from.write();
      EXPECT_TRUE(written);
      ++count;
    }(counts, ended));
  }
};

TEST_F(FeedbackCounts, AWriteEndsWhenWhatAnotherTookIsThereToo) {
  Counts counts(*disk, world, world.executor());
  constexpr int kSources = 3 * kCountsBatchRowsMax;  // several commits
  for (int i = 0; i < kSources; ++i)
    counts.count(finding("a.test", "192.0.2." + std::to_string(i), true));
  int ended = 0;
  begin_write(counts, ended);
  ASSERT_TRUE(run(counts.write()));
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(messages_stored(), static_cast<std::uint64_t>(kSources));
}

TEST_F(FeedbackCounts, WritesAtOnceLoseNothingAndCountNothingTwice) {
  Counts counts(*disk, world, world.executor());
  constexpr int kWrites = 20, kMessages = 50;
  int ended = 0;
  for (int i = 0; i < kWrites; ++i) {
    // The same rows again and again: each write changes what the one before it wrote.
    for (int k = 0; k < kMessages; ++k)
      counts.count(finding(k % 2 == 0 ? "a.test" : "b.test", "192.0.2." + std::to_string(k), true));
    begin_write(counts, ended);
    int steps = 0;
    world.run_until([&] { return ++steps > 4; });  // it is under way
  }
  EXPECT_TRUE(world.run_until([&] { return ended == kWrites; }));
  EXPECT_EQ(messages_stored(), std::uint64_t{kWrites} * kMessages);
  std::uint64_t rows = 0;
  for (const Group& group : stored()) rows += group.rows;
  EXPECT_EQ(rows, std::uint64_t{kMessages});
}

TEST_F(FeedbackCounts, TheReportOfADayHasWhatAnotherWriteHadTaken) {
  auto life = open();
  constexpr int kSources = 2000;
  for (int i = 0; i < kSources; ++i)
    life->counts.count(finding("a.test", "192.0.2." + std::to_string(i), true));
  int ended = 0;
  begin_write(life->counts, ended);
  ASSERT_TRUE(run(life->reports.send_now("")));
  std::uint64_t sum = 0;
  for (const auto& [ip, count] : counted(leave(*life), "a.test")) sum += count;
  EXPECT_EQ(sum, static_cast<std::uint64_t>(kSources));
  finish(life->queue);
}

TEST_F(FeedbackCounts, OneOrganizationHasItsShare) {
  Counts counts(*disk, world, world.executor(), {.organization_max = 2});
  for (int i = 0; i < 5; ++i) {
    const std::string number = std::to_string(i);
    counts.count(finding("s" + number + ".a.test", "192.0.2.1", true));
    // One domain, too, has as many reports as its record has texts.
    counts.count(finding("a.test", "192.0.2.1", true, ",mailto:x" + number + "@a.test"));
    counts.count(finding("b" + number + ".test", "192.0.2.1", true));
    ASSERT_TRUE(run(counts.write()));
  }
  std::map<std::string, int> reports;
  for (const Group& group : stored())
    ++reports[group.domain.ends_with("a.test") ? group.domain : "others"];
  EXPECT_EQ(reports, (std::map<std::string, int>{
                         {"a.test", 2}, {"s0.a.test", 1}, {"s1.a.test", 1}, {"others", 5}}));
  EXPECT_TRUE(world.sim_log().has("is not counted"));
}

}  // namespace
}  // namespace ph::feedback
