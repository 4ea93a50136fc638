// docs/states/feedback.md, row by row: the process dies at each change of the store, with it made
// or not. What was written is reported, once by Report-ID, and nothing of it stays.
#include <gtest/gtest.h>

#include <set>

#include "feedback/testing/house.h"

namespace ph::feedback {
namespace {

using store::testing::FailingStore;

struct Story : testing::FeedbackHouse {
  void TestBody() override {}

  /// The day, over the crash, to its end. true: the crash came.
  bool live(queue::testing::Crash crash) {
    FailingStore mortal(*disk, {.at = crash.at, .apply_last = crash.applied});
    auto life = open(&mortal);
    std::uint64_t written = 0;  // messages that are known to be in the store
    for (std::uint64_t i = 0; i < 3; ++i) {
      life->counts.count(finding("a.test", "192.0.2.1", true, ",mailto:more@a.test"));
      life->counts.count(
          finding("a.test", "192.0.2." + std::to_string(i), false, ",mailto:more@a.test"));
      if (run(life->counts.write()) && !mortal.dead()) written = 2 * (i + 1);
    }
    (void)run(life->reports.send_now(""));
    life->counts.count(finding("a.test", "192.0.2.9", true, ",mailto:more@a.test"));
    if (run(life->counts.write()) && !mortal.dead()) ++written;
    world.run(std::chrono::hours(25));
    (void)run(life->reports.send_due());
    const bool died = mortal.dead();
    finish(life->queue);
    life.reset();

    life = open();
    world.run(std::chrono::hours(1));
    (void)send_due(*life);
    const auto left = leave(*life);
    finish(life->queue);
    for (const auto* to : {"reports@a.test", "more@a.test"}) {
      std::vector<testing::Left> there;
      for (const auto& each : left)
        if (each.to == to) there.push_back(each);
      std::uint64_t sum = 0;
      for (const auto& [ip, count] : counted(there, "a.test")) sum += count;
      EXPECT_GE(sum, written) << to;
      EXPECT_LE(sum, 7u) << to;
      if (!died) {
        EXPECT_EQ(sum, 7u) << to;
        EXPECT_EQ(there.size(), 2u) << to;  // the order's, and the day's
      }
    }
    EXPECT_TRUE(forgotten());
    return died;
  }
};

TEST(ReportCrash, NothingWrittenIsLostOrStays) {
  const std::uint64_t changes = queue::testing::at_every_change([](queue::testing::Crash crash) {
    Story story;
    return story.live(crash);
  });
  EXPECT_GT(changes, 15u);
}

struct CrowdStory : testing::FeedbackHouse {
  void TestBody() override {}

  /// A day of an organization with too many domains, over the crash, to its end.
  bool live(queue::testing::Crash crash) {
    constexpr std::uint64_t kShare = 2;
    FailingStore mortal(*disk, {.at = crash.at, .apply_last = crash.applied});
    auto life = open(&mortal, testing::usual_options(), {}, {.organization_max = kShare});
    for (int i = 0; i < 5; ++i)
      life->counts.count(finding("s" + std::to_string(i) + ".a.test", "192.0.2.1", true));
    const bool written = run(life->counts.write()) && !mortal.dead();
    world.run(std::chrono::hours(25));
    (void)run(life->reports.send_due());
    const bool died = mortal.dead();
    finish(life->queue);
    life.reset();

    life = open(nullptr, testing::usual_options(), {}, {.organization_max = kShare});
    world.run(std::chrono::hours(1));
    (void)send_due(*life);
    std::set<std::string> reports;
    for (const auto& each : leave(*life)) reports.insert(each.report.report_id);
    finish(life->queue);
    EXPECT_LE(reports.size(), kShare);
    if (written) {
      EXPECT_EQ(reports.size(), kShare);
    }
    EXPECT_TRUE(forgotten());
    return died;
  }
};

TEST(ReportCrash, AnOrganizationGetsItsShareAndNoMore) {
  const std::uint64_t changes = queue::testing::at_every_change([](queue::testing::Crash crash) {
    CrowdStory story;
    return story.live(crash);
  });
  EXPECT_GT(changes, 15u);
}

}  // namespace
}  // namespace ph::feedback
