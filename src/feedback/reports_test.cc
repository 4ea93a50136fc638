#include "feedback/reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "feedback/testing/house.h"
#include "message/header.h"

namespace ph::feedback {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using What = Sending::What;

struct FeedbackReports : testing::FeedbackHouse {
  std::uint32_t today() { return day_of(world.clock.wall()); }
  void next_day() {
    const Wall midnight = Wall(std::chrono::days(today() + 1));
    world.run(midnight - world.clock.wall() + std::chrono::minutes(1));
  }
};

TEST_F(FeedbackReports, LeaveAfterTheDayIsOver) {
  auto life = open();
  const std::uint32_t day = today();
  for (int i = 0; i < 3; ++i) life->counts.count(finding("a.test", "192.0.2.1", true));
  life->counts.count(finding("a.test", "192.0.2.2", false));
  life->counts.count(finding("b.test", "192.0.2.2", false));
  EXPECT_THAT(send_due(*life), IsEmpty());  // the day goes on
  life->counts.count(finding("a.test", "192.0.2.1", true));
  const auto collected = run(life->reports.collected("a.test", 10));
  ASSERT_TRUE(collected);
  ASSERT_EQ(collected->size(), 1u);
  EXPECT_EQ(collected->front().messages, 5u);
  EXPECT_EQ(collected->front().rows, 2u);
  EXPECT_FALSE(collected->front().waits);

  next_day();
  EXPECT_EQ(send_due(*life).size(), 2u);
  const auto left = leave(*life);
  ASSERT_EQ(left.size(), 2u);
  EXPECT_THAT(counted(left, "a.test"), ElementsAre(Pair("192.0.2.1", 4), Pair("192.0.2.2", 1)));
  EXPECT_THAT(counted(left, "b.test"), ElementsAre(Pair("192.0.2.2", 1)));
  const testing::Left& a = left[left[0].to == "reports@a.test" ? 0 : 1];
  EXPECT_EQ(a.to, "reports@a.test");
  EXPECT_EQ(a.sender, "postmaster@here.test");
  EXPECT_EQ(a.notify, 0);
  EXPECT_EQ(a.report.begin, day * 86400ULL);
  EXPECT_EQ(a.report.end, day * 86400ULL + 86399);
  EXPECT_EQ(a.report.org_name, "here.test");
  EXPECT_EQ(a.report.policy.p, "reject");
  EXPECT_EQ(a.report.rows[0].spf_results.size(), 1u);
  EXPECT_THAT(send_due(*life), IsEmpty());
  EXPECT_TRUE(forgotten());
  finish(life->queue);
}

TEST_F(FeedbackReports, ADayEndsWhenTheLastCountsOfAllAreThere) {
  auto life = open();
  Counts other(*disk, world, world.executor());
  life->counts.count(finding("a.test", "192.0.2.1", true));
  const Wall midnight = Wall(std::chrono::days(today() + 1));
  world.run(midnight - world.clock.wall() - std::chrono::milliseconds(1));
  other.count(finding("a.test", "192.0.2.2", true));
  world.run(kCountsWriteEvery);
  EXPECT_THAT(send_due(*life), IsEmpty());
  ASSERT_TRUE(run(other.write()));
  world.run(kDayEndsLater - kCountsWriteEvery + std::chrono::milliseconds(1));
  EXPECT_EQ(send_due(*life).size(), 1u);
  EXPECT_THAT(counted(leave(*life), "a.test"),
              ElementsAre(Pair("192.0.2.1", 1), Pair("192.0.2.2", 1)));
  finish(life->queue);
}

TEST_F(FeedbackReports, AreMessagesAsTheStandardWantsThem) {
  auto life = open();
  life->counts.count(finding("a.test", "192.0.2.1", true));
  const std::uint32_t day = today();
  next_day();
  send_due(*life);
  const auto left = leave(*life);
  ASSERT_EQ(left.size(), 1u);
  const message::Header header = message::parse_header(left[0].octets);
  EXPECT_THAT(header.text("DKIM-Signature").value_or(""), HasSubstr("d=here.test"));
  EXPECT_EQ(header.text("Subject"), "Report Domain: a.test Submitter: here.test Report-ID: <" +
                                        left[0].report.report_id + ">");
  EXPECT_EQ(header.text("Auto-Submitted"), "auto-generated");
  EXPECT_THAT(header.text("From").value_or(""), HasSubstr("<postmaster@here.test>"));
  const std::string name = "here.test!a.test!" + std::to_string(day * 86400ULL) + "!" +
                           std::to_string(day * 86400ULL + 86399) + ".xml.gz";
  const auto read = mailauth::read_dmarc_report(left[0].octets);
  EXPECT_EQ(read->file_name, name);
  EXPECT_THAT(left[0].octets, HasSubstr("application/gzip"));
  finish(life->queue);
}

TEST_F(FeedbackReports, LeaveByThemselves) {
  auto life = open();
  life->counts.start();
  life->reports.start();
  life->counts.count(finding("a.test", "192.0.2.1", true));
  world.run(std::chrono::hours(26));
  EXPECT_EQ(leave(*life).size(), 1u);
  run(world, life->reports.finish());
  run(world, life->counts.finish());
  finish(life->queue);
  EXPECT_TRUE(forgotten());
}

TEST_F(FeedbackReports, AnOrderSendsNowAndTheDayGoesOn) {
  auto life = open();
  life->counts.count(finding("a.test", "192.0.2.1", true));
  life->counts.count(finding("b.test", "192.0.2.1", true));
  const auto sent = run(life->reports.send_now("A.test"));
  ASSERT_TRUE(sent);
  ASSERT_EQ(sent->size(), 1u);
  EXPECT_EQ(sent->front().what, What::queued);
  auto left = leave(*life);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(run(life->reports.send_now("a.test"))->size(), 0u);  // nothing came since
  world.run(std::chrono::minutes(5));
  life->counts.count(finding("a.test", "192.0.2.1", true));
  next_day();
  send_due(*life);
  for (auto& each : leave(*life)) left.push_back(std::move(each));
  ASSERT_EQ(left.size(), 3u);
  EXPECT_THAT(counted(left, "a.test"), ElementsAre(Pair("192.0.2.1", 2)));
  EXPECT_THAT(counted(left, "b.test"), ElementsAre(Pair("192.0.2.1", 1)));
  EXPECT_TRUE(forgotten());
  finish(life->queue);
}

TEST_F(FeedbackReports, StrangersAreAskedWhetherTheyWantThem) {
  auto life = open();
  auto found = finding("a.test", "192.0.2.1", true,
                       ",mailto:in@wants.test,mailto:in@never.test,mailto:in@slow.test");
  txt("a.test._report._dmarc.wants.test", "v=DMARC1");
  resolver.set_status("a.test._report._dmarc.slow.test", dns::Status::failed);
  life->counts.count(found);
  next_day();
  const auto sent = send_due(*life);
  ASSERT_EQ(sent.size(), 4u);
  EXPECT_EQ(sent[0].what, What::queued);
  EXPECT_EQ(sent[1].what, What::queued);
  EXPECT_EQ(sent[2].what, What::refused);
  EXPECT_EQ(sent[3].what, What::later);
  ASSERT_EQ(life->events.size(), 2u);
  EXPECT_EQ(life->events[0].outcome, Outcome::failed);
  EXPECT_THAT(life->events[0].why, HasSubstr("no DMARC report for domain a.test: never.test does"));
  EXPECT_EQ(life->events[1].outcome, Outcome::deferred);
  EXPECT_EQ(leave(*life).size(), 2u);
  // Another process goes on where this one was: the first three are not repeated.
  finish(life->queue);
  life = open();
  resolver.set_status("a.test._report._dmarc.slow.test", std::nullopt);
  txt("a.test._report._dmarc.slow.test", "v=DMARC1");
  const auto again = send_due(*life);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].to, "in@slow.test");
  EXPECT_EQ(again[0].what, What::queued);
  EXPECT_TRUE(forgotten());
  finish(life->queue);
}

TEST_F(FeedbackReports, WhatCannotBeAskedForIsGivenUp) {
  auto life = open();
  auto found = finding("a.test", "192.0.2.1", true);
  found.record = "v=DMARC1; p=none; rua=mailto:in@slow.test";
  resolver.set_status("a.test._report._dmarc.slow.test", dns::Status::failed);
  life->counts.count(found);
  next_day();
  EXPECT_EQ(send_due(*life).at(0).what, What::later);
  world.run(kReportGiveUpAfter);
  const auto sent = send_due(*life);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].what, What::refused);
  EXPECT_THAT(sent[0].why, HasSubstr("given up"));
  EXPECT_TRUE(forgotten());
  finish(life->queue);
}

TEST_F(FeedbackReports, WhatIsTooLargeForAnAddressIsNotSentThere) {
  auto life = open();
  life->counts.count(finding("a.test", "192.0.2.1", true, "!1k,mailto:large@a.test!10m"));
  next_day();
  const auto sent = send_due(*life);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].what, What::refused);
  EXPECT_THAT(sent[0].why, HasSubstr("and 1024 are taken there"));
  EXPECT_EQ(sent[1].what, What::queued);
  finish(life->queue);
}

TEST_F(FeedbackReports, AreSentOnlyByOneWhoCanSignUnlessOrdered) {
  const auto sent_by = [this](ReportOptions options) {
    auto life = open(nullptr, std::move(options));
    life->counts.count(finding("a.test", "192.0.2.1", true));
    next_day();
    send_due(*life);
    const auto left = leave(*life);
    EXPECT_TRUE(forgotten());
    EXPECT_EQ(run(life->reports.send_now("")).has_value(), !left.empty());
    finish(life->queue);
    return left.empty() ? "nobody" : left[0].sender + " of " + left[0].report.org_name;
  };
  EXPECT_EQ(sent_by({.hostname = "mail.here.test"}), "postmaster@here.test of here.test");
  EXPECT_EQ(sent_by({.hostname = "here.test", .on = false}), "nobody");
  EXPECT_EQ(sent_by({.hostname = "mail.elsewhere.test"}), "nobody");
  EXPECT_EQ(sent_by({.hostname = "mail.elsewhere.test", .on = true}),
            "postmaster@mail.elsewhere.test of mail.elsewhere.test");
  EXPECT_EQ(sent_by({.hostname = "mail.here.test",
                     .on = true,
                     .organization = "The House",
                     .contact = "dmarc@here.test"}),
            "dmarc@here.test of The House");
}

TEST_F(FeedbackReports, WhatIsBeyondTheLimitsIsSaidToBe) {
  auto life = open(
      nullptr, testing::usual_options(),
      {.pending_rows_max = 5, .group_rows_max = 3, .slot_rows_max = 100, .slot_groups_max = 1});
  for (int i = 0; i < 8; ++i)
    life->counts.count(finding("a.test", "192.0.2." + std::to_string(i), true));
  next_day();
  send_due(*life);
  const auto left = leave(*life);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].report.rows.size(), 3u);
  EXPECT_THAT(left[0].report.errors,
              ElementsAre("5 further messages are not listed: they came from too many sources"));
  // A slot takes one domain: of two in the same slot, one gets a report.
  std::string other = "b.test";
  for (int i = 0; slot_of(other) != slot_of("a.test"); ++i)
    other = "b" + std::to_string(i) + ".test";
  life->counts.count(finding("a.test", "192.0.2.1", true));
  ASSERT_TRUE(run(life->counts.write()));
  life->counts.count(finding(other, "192.0.2.1", true));
  next_day();
  EXPECT_EQ(send_due(*life).size(), 1u);
  finish(life->queue);
}

TEST_F(FeedbackReports, TwoWhoCountAtOnceLoseNothing) {
  auto one = open();
  Counts other(*disk, world, world.executor());
  bool done = false;
  for (int i = 0; i < 5; ++i) {
    one->counts.count(finding("a.test", "192.0.2.1", true));
    other.count(finding("a.test", "192.0.2.1", true));
    world.spawn([](Counts& counts, bool& flag) -> Task<void> {
      const auto written = co_await counts.write();
      EXPECT_TRUE(written);
      flag = true;
    }(other, done));
    ASSERT_TRUE(run(one->counts.write()));
  }
  ASSERT_TRUE(run(other.write()));
  const auto collected = run(one->reports.collected("", 10));
  ASSERT_EQ(collected->size(), 1u);
  EXPECT_EQ(collected->front().messages, 10u);
  EXPECT_EQ(collected->front().rows, 1u);
  finish(one->queue);
}

}  // namespace
}  // namespace ph::feedback
