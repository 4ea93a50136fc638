// Destinations that are slow or silent, organizations that want too much, a stop in the middle, and
// other processes on the same store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "feedback/reports.h"
#include "feedback/testing/house.h"

namespace ph::feedback {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using What = Sending::What;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct FeedbackHostile : testing::FeedbackHouse {
  /// A run under way.
  struct Run {
    bool over = false;
    Result<std::vector<Sending>> sent = std::vector<Sending>();
  };

  void next_day() {
    const Wall midnight = Wall(std::chrono::days(day_of(world.clock.wall()) + 1));
    world.run(midnight - world.clock.wall() + minutes(1));
  }
  /// `domain` wants its reports at `to`, elsewhere, alone.
  static mailauth::DmarcFinding wanted_at(const std::string& domain, const std::string& to) {
    auto out = finding(domain, "192.0.2.1", true);
    out.record = "v=DMARC1; p=none; rua=" + to;
    return out;
  }
  /// As wanted_at(), with a host that never answers.
  mailauth::DmarcFinding silent(const std::string& domain, const std::string& host) {
    resolver.set_status(domain + "._report._dmarc." + host, dns::Status::timed_out);
    return wanted_at(domain, "mailto:in@" + host);
  }
  std::shared_ptr<Run> begin(Reports& reports) {
    const auto run = std::make_shared<Run>();
    world.spawn([](Reports& from, std::shared_ptr<Run> into) -> Task<void> {
      into->sent = co_await from.send_due();
      into->over = true;
    }(reports, run));
    return run;
  }
  /// How long a run takes.
  std::chrono::nanoseconds time_of(Reports& reports, std::size_t* sendings = nullptr) {
    const auto begun = world.clock.now();
    const auto run = begin(reports);
    EXPECT_TRUE(world.run_until([&] { return run->over; }, hours(24)));
    EXPECT_TRUE(run->sent);
    if (run->sent && sendings != nullptr) *sendings = run->sent->size();
    return world.clock.now() - begun;
  }
  static std::size_t count(const std::vector<Sending>& all, What what) {
    return static_cast<std::size_t>(std::ranges::count(all, what, &Sending::what));
  }
  static std::string numbered(std::string stem, int i) { return stem + std::to_string(i); }
};

TEST_F(FeedbackHostile, ASilentDestinationHoldsUpNobody) {
  auto life = open();
  for (int i = 0; i < 12; ++i) {
    life->counts.count(silent(numbered("s", i) + ".test", numbered("silent", i) + ".test"));
    life->counts.count(finding(numbered("a", i) + ".test", "192.0.2.1", true));
  }
  next_day();
  const auto run = begin(life->reports);
  world.run(seconds(1));
  EXPECT_THAT(leave(*life), SizeIs(12));
  EXPECT_FALSE(run->over);
  world.run(kDestinationsTime);
  ASSERT_TRUE(run->over);
  ASSERT_TRUE(run->sent);
  EXPECT_EQ(count(*run->sent, What::queued), 12u);
  EXPECT_EQ(count(*run->sent, What::later), 12u);
  finish(life->queue);
}

TEST_F(FeedbackHostile, ASilentOrganizationIsSparedAfterSomeQuestions) {
  auto life = open();
  for (int i = 0; i < 80; ++i)
    life->counts.count(silent(numbered("s", i) + ".test", numbered("h", i) + ".silent.test"));
  next_day();
  std::size_t sendings = 0;
  // The first sixteen at a time, and those that begin before three are known to be silent.
  EXPECT_LE(time_of(life->reports, &sendings), 2 * kDestinationsTime + seconds(1));
  EXPECT_EQ(sendings, 80u);
  EXPECT_LE(resolver.asked().size(), kReportGroupsAtOnceMax + kSilencesMax);
  // The next run asks anew.
  for (int i = 0; i < 80; ++i) {
    const std::string name =
        numbered("s", i) + ".test._report._dmarc." + numbered("h", i) + ".silent.test";
    resolver.set_status(name, std::nullopt);
    txt(name, "v=DMARC1");
  }
  EXPECT_EQ(count(send_due(*life), What::queued), 80u);
  EXPECT_TRUE(forgotten());
  finish(life->queue);
}

TEST_F(FeedbackHostile, PatienceEndsWhenManyAreSilent) {
  auto life = open();
  constexpr int kSilent = 96;
  for (int i = 0; i < kSilent; ++i) {
    const std::string domain = numbered("s", i) + ".test";
    std::string uris;
    for (int k = 0; k < 10; ++k) {
      const std::string host = numbered("h", 10 * i + k) + ".test";
      resolver.set_status(domain + "._report._dmarc." + host, dns::Status::timed_out);
      uris += (k == 0 ? "mailto:x@" : ",mailto:x@") + host;
    }
    life->counts.count(wanted_at(domain, uris));
  }
  next_day();
  // Six times sixteen reports with ten questions each: the first 200 questions have their time.
  EXPECT_LE(time_of(life->reports), 3 * kDestinationsTime + 4 * kDestinationsTimeShort);
  finish(life->queue);
}

TEST_F(FeedbackHostile, WhatTheDnsNeverAnswersIsGivenUpAfterTwoDays) {
  auto life = open();
  life->counts.start();
  life->reports.start();
  life->counts.count(silent("a.test", "silent.test"));
  next_day();
  world.run(kReportGiveUpAfter - hours(1));
  ASSERT_THAT(life->events, SizeIs(1));  // told once, and asked each hour
  EXPECT_EQ(life->events.back().outcome, Outcome::deferred);
  EXPECT_GT(resolver.asked().size(), 40u);
  EXPECT_FALSE(forgotten());
  world.run(hours(3));
  ASSERT_THAT(life->events, SizeIs(2));
  EXPECT_EQ(life->events.back().outcome, Outcome::failed);
  EXPECT_THAT(life->events.back().why, HasSubstr("given up"));
  EXPECT_TRUE(forgotten());
  EXPECT_THAT(leave(*life), IsEmpty());
  run(world, life->reports.finish());
  run(world, life->counts.finish());
  finish(life->queue);
}

TEST_F(FeedbackHostile, StoppingWaitsForNoAnswer) {
  auto life = open();
  for (int i = 0; i < 40; ++i)
    life->counts.count(silent(numbered("s", i) + ".test", numbered("h", i) + ".test"));
  next_day();
  life->reports.start();
  world.run(kReportsFirst + seconds(1));
  EXPECT_THAT(resolver.asked(), SizeIs(kReportGroupsAtOnceMax));
  // An order waits until the run is over: it ends, too.
  const auto order = begin(life->reports);
  const auto begun = world.clock.now();
  run(world, life->reports.finish());
  EXPECT_LT(world.clock.now() - begun, seconds(1));
  ASSERT_TRUE(world.run_until([&] { return order->over; }, seconds(1)));
  ASSERT_FALSE(order->sent);
  EXPECT_EQ(order->sent.error().kind, Kind::cancelled);
  EXPECT_THAT(resolver.asked(), SizeIs(kReportGroupsAtOnceMax));
  EXPECT_THAT(life->events, IsEmpty());
  finish(life->queue);
  // Nothing is lost: the next process sends it.
  life = open();
  for (int i = 0; i < 40; ++i) {
    const std::string name =
        numbered("s", i) + ".test._report._dmarc." + numbered("h", i) + ".test";
    resolver.set_status(name, std::nullopt);
    txt(name, "v=DMARC1");
  }
  EXPECT_EQ(count(send_due(*life), What::queued), 40u);
  EXPECT_TRUE(forgotten());
  finish(life->queue);
}

TEST_F(FeedbackHostile, AnOrderUnderWayEndsWhenTheServerStops) {
  auto life = open();
  life->counts.count(silent("a.test", "silent.test"));
  next_day();
  const auto order = begin(life->reports);
  world.run(seconds(1));
  EXPECT_FALSE(order->over);
  const auto begun = world.clock.now();
  run(world, life->reports.finish());
  EXPECT_TRUE(order->over);
  EXPECT_LT(world.clock.now() - begun, seconds(1));
  finish(life->queue);
}

TEST_F(FeedbackHostile, AnOrganizationGetsItsShareOfADayAndTheRestIsForgotten) {
  auto life = open(nullptr, testing::usual_options(), {}, {.organization_max = 3});
  for (int i = 0; i < 5; ++i)
    life->counts.count(finding(numbered("s", i) + ".a.test", "192.0.2.1", true));
  life->counts.count(finding("a.test", "192.0.2.1", true));
  life->counts.count(finding("b.test", "192.0.2.1", true));
  next_day();
  EXPECT_THAT(send_due(*life), SizeIs(4));
  const auto left = leave(*life);
  EXPECT_THAT(left, SizeIs(4));
  EXPECT_THAT(counted(left, "a.test"), SizeIs(1));  // the organization's own comes first
  EXPECT_THAT(counted(left, "b.test"), SizeIs(1));
  EXPECT_TRUE(forgotten());
  ASSERT_THAT(life->events, SizeIs(1));
  EXPECT_EQ(life->events[0].outcome, Outcome::failed);
  EXPECT_THAT(life->events[0].why, HasSubstr("no DMARC reports for 3 domains"));
  EXPECT_THAT(life->events[0].why, HasSubstr("3 messages: a.test may have 3 a day"));
  finish(life->queue);
}

TEST_F(FeedbackHostile, WhatWaitsDoesNotWidenTheShare) {
  auto life = open(nullptr, testing::usual_options(), {}, {.organization_max = 3});
  for (int i = 0; i < 6; ++i)
    life->counts.count(silent(numbered("s", i) + ".a.test", numbered("h", i) + ".test"));
  next_day();
  EXPECT_EQ(count(send_due(*life), What::later), 3u);
  EXPECT_EQ(count(send_due(*life), What::later), 3u);
  finish(life->queue);
  life = open(nullptr, testing::usual_options(), {}, {.organization_max = 3});
  EXPECT_EQ(count(send_due(*life), What::later), 3u);
  finish(life->queue);
}

TEST_F(FeedbackHostile, ADestinationGetsItsShareOfADay) {
  auto life = open(nullptr, testing::usual_options(), {}, {.destination_max = 2});
  for (int i = 0; i < 5; ++i) {
    const std::string domain = numbered("a", i) + ".test";
    const std::string host = numbered("h", i) + ".hub.test";
    txt(domain + "._report._dmarc." + host, "v=DMARC1");
    // The second address is its own, and not the hub's.
    life->counts.count(wanted_at(domain, "mailto:in@" + host + ",mailto:own@" + domain));
  }
  next_day();
  const auto sent = send_due(*life);
  EXPECT_EQ(count(sent, What::queued), 7u);
  EXPECT_EQ(count(sent, What::refused), 3u);
  EXPECT_THAT(leave(*life), SizeIs(7));
  EXPECT_TRUE(forgotten());
  ASSERT_THAT(life->events, SizeIs(1));
  EXPECT_THAT(life->events[0].why, HasSubstr("3 DMARC reports are not sent to hub.test: 2 a day"));
  finish(life->queue);
}

TEST_F(FeedbackHostile, TwoProcessesSendAReportOnce) {
  auto life = open();
  for (int i = 0; i < 30; ++i)
    life->counts.count(finding(numbered("a", i) + ".test", "192.0.2.1", true));
  next_day();
  Reports other({*disk, life->queue, resolver, world, keys, life->counts, [](const Event&) {}},
                world.executor(), testing::usual_options());
  const auto one = begin(life->reports), two = begin(other);
  ASSERT_TRUE(world.run_until([&] { return one->over && two->over; }));
  ASSERT_TRUE(one->sent && two->sent);
  EXPECT_EQ(count(*one->sent, What::queued) + count(*two->sent, What::queued), 30u);
  EXPECT_THAT(leave(*life), SizeIs(30));
  send_due(*life);
  EXPECT_TRUE(forgotten());
  finish(life->queue);
}

TEST_F(FeedbackHostile, TheClaimOfADeadProcessRunsOut) {
  auto life = open();
  life->counts.count(finding("a.test", "192.0.2.1", true));
  ASSERT_TRUE(run(life->counts.write()));
  next_day();
  Collection collection(*disk);
  const auto day = run(collection.days())->front();
  const auto only = [&] { return run(collection.groups(day, slot_of("a.test"), 10))->at(0); };
  ASSERT_TRUE(run(collection.close(only(), world.clock.wall(), false)));
  Stored claimed = only();
  claimed.group.claimant = "another";
  claimed.group.claimed_until = world.clock.wall() + kReportClaim;
  ASSERT_TRUE(run(collection.mark(claimed)));
  EXPECT_THAT(send_due(*life), IsEmpty());
  EXPECT_FALSE(forgotten());
  world.run(kReportClaim);
  EXPECT_EQ(count(send_due(*life), What::queued), 1u);
  EXPECT_TRUE(forgotten());
  finish(life->queue);
}

}  // namespace
}  // namespace ph::feedback
