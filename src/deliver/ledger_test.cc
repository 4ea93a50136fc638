// What comes of outcomes: the job's next state, its event, its report; in virtual time.
#include "deliver/ledger.h"

#include <gtest/gtest.h>

#include "queue/testing/house.h"

namespace ph::deliver {
namespace {

using namespace std::chrono_literals;
using queue::JobState;
using queue::MailQueue;
using queue::Message;
using queue::testing::Retired;
using store::testing::FailingStore;

struct LedgerTest : queue::testing::QueueHouse {
  FailingStore store{*disk, {}};
  MailQueue queue{store, world, world.executor(), queue::testing::into(retired)};
  Ledger ledger{queue, store, world, {}, {"mail.here.test"}};

  void SetUp() override { ASSERT_TRUE(run(queue.open())); }
  std::string put(std::size_t jobs, std::string domain = "b.test",
                  message::Address sender = {"a", "here.test"}) {
    return run(queue::testing::put(store, queue, world,
                                   {.jobs = jobs, .domain = std::move(domain), .sender = sender}));
  }
  /// What is due gets this outcome. The message, as it was taken.
  std::shared_ptr<const Message> record(const Attempt& attempt) {
    auto due = queue.take_due();
    EXPECT_TRUE(due);
    if (!due) return nullptr;
    Ledger::Found found;
    for (const std::uint32_t job : due->jobs) found.emplace_back(job, attempt);
    run(world, ledger.record(due->message, std::move(found)));
    return due->message;
  }
  std::vector<Event> events(const std::string& term) {
    auto all = run(queue.events(term));
    EXPECT_TRUE(all);
    return all ? *all : std::vector<Event>{};
  }
  /// The report that is due: its message and octets.
  std::pair<std::shared_ptr<const Message>, std::string> report() {
    auto due = queue.take_due();
    EXPECT_TRUE(due) << "no report";
    if (!due) return {};
    auto octets = run(store.read(due->message->blob, 0, 4 << 20, {}));
    EXPECT_TRUE(octets);
    return {due->message, octets ? *octets : ""};
  }
};

const Attempt kLater{.what = Attempt::What::later,
                     .stage = Stage::relay,
                     .why = "mx.b.test puts it off",
                     .status = "4.3.0",
                     .host = "mx.b.test [192.0.2.1]:25",
                     .reply = "451 4.3.0 later\r\n"};
const Attempt kFailed{.what = Attempt::What::failed,
                      .stage = Stage::relay,
                      .why = "mx.b.test refuses it",
                      .status = "5.1.1",
                      .host = "mx.b.test [192.0.2.1]:25",
                      .reply = "550 5.1.1 nobody\r\n"};

// The times that docs/operations.md promises, with nothing configured.
TEST_F(LedgerTest, TriesForFiveDaysAndTellsTheSenderAfterFourHours) {
  const Wall accepted = world.clock.wall();
  const std::string id = put(1);
  std::vector<std::chrono::milliseconds> waits;
  std::optional<Wall> notice;
  Wall last = accepted;
  for (int guard = 0; guard < 100; ++guard) {
    const auto message = record(kLater);
    ASSERT_TRUE(message);
    const auto now = queue.find(message->id);
    if (!now) break;  // given up
    const Wall next = now->jobs[0].next_attempt;
    waits.push_back(next - world.clock.wall());
    if (now->jobs[0].warned && !notice) {
      notice = world.clock.wall();
      const auto [report_message, octets] = report();
      EXPECT_TRUE(octets.contains("Action: delayed"));
      EXPECT_TRUE(octets.contains("Diagnostic-Code: smtp; 451 4.3.0 later"));
      EXPECT_TRUE(octets.contains("Will-Retry-Until:"));
      Ledger::Found arrived{{0, {.what = Attempt::What::delivered}}};
      run(world, ledger.record(report_message, std::move(arrived)));
    }
    last = next;
    world.run(next - world.clock.wall());
  }
  ASSERT_TRUE(notice);
  EXPECT_GE(*notice - accepted, 4h);
  EXPECT_LE(*notice - accepted, 4h + 1s) << "when it was promised, whatever the next attempt was";
  EXPECT_GE(last - accepted, 120h) << "the last attempt is at the end of the five days";
  EXPECT_LE(last - accepted, 120h + 1s);
  // 5 minutes, doubling to 4 hours, 10 % up or down; the first later one is cut by the notice.
  const std::chrono::seconds expected[] = {5min, 10min, 20min, 40min, 80min};
  for (std::size_t i = 0; i < std::size(expected); ++i) {
    EXPECT_GE(waits[i], expected[i] * 9 / 10) << i;
    EXPECT_LE(waits[i], expected[i] * 11 / 10) << i;
  }
  EXPECT_LE(waits[5], 2h + 50min) << "up to the notice";
  for (std::size_t i = 6; i + 1 < waits.size(); ++i) {
    EXPECT_GE(waits[i], std::chrono::seconds(4h) * 9 / 10) << i;
    EXPECT_LE(waits[i], std::chrono::seconds(4h) * 11 / 10) << i;
  }
  EXPECT_NE(waits[6], waits[7]) << "no jitter";
  EXPECT_GE(waits.size(), 30u);
  const auto [bounce, octets] = report();
  EXPECT_TRUE(octets.contains("Action: failed"));
  EXPECT_TRUE(octets.contains("given up after 5 days"));
  EXPECT_EQ(bounce->sender.local, "");
  std::size_t notices = 0;
  for (const Event& event : events(id))
    notices += event.stage == Stage::bounce && event.why.contains("delayed") ? 1u : 0u;
  EXPECT_EQ(notices, 1u) << "told once";
}

TEST_F(LedgerTest, AFailureAndItsReportAreOne) {
  const std::string id = put(2);
  record(kFailed);
  EXPECT_EQ(queue.messages(), 1u) << "the report alone";
  const auto [message, octets] = report();
  EXPECT_TRUE(message->sender.null());
  EXPECT_EQ(to_string(message->jobs[0].recipient), "a@here.test");
  for (const char* words :
       {"multipart/report", "u0@b.test", "u1@b.test", "Diagnostic-Code: smtp; 550 5.1.1 nobody",
        "Status: 5.1.1", "Remote-MTA: dns; mx.b.test", "Subject: a body", "MAILER-DAEMON@"})
    EXPECT_TRUE(octets.contains(words)) << words << "\n" << octets;
  auto told = queue::testing::told(events(id));
  EXPECT_EQ(told[id + " relay failed u0@b.test"], 1);
  EXPECT_EQ(told[id + " relay failed u1@b.test"], 1);
  EXPECT_EQ(told[id + " bounce done "], 1) << "one report for both";
}

TEST_F(LedgerTest, AReportThatFailsGoesToThePostmasterAndNoFurther) {
  put(1, "b.test", {});  // no sender, and not for the postmaster: an automatic answer
  record(kFailed);
  const auto [message, octets] = report();
  EXPECT_EQ(to_string(message->jobs[0].recipient), "postmaster");
  Ledger::Found found{{0, kFailed}};
  run(world, ledger.record(message, std::move(found)));
  EXPECT_EQ(queue.messages(), 0u);
  EXPECT_FALSE(queue.take_due()) << "a bounce of a bounce";
}

TEST_F(LedgerTest, WhatDoesNotFitIntoOneBatchGoesInParts) {
  const std::string id = put(1000);
  Attempt wordy = kFailed;
  wordy.reply = std::string(kEventReplyOctetsMax, 'x');
  record(wordy);
  auto told = queue::testing::told(events(id));
  for (int i = 0; i < 1000; ++i) {
    const std::string who = "u" + std::to_string(i) + "@b.test";
    ASSERT_EQ(told[id + " relay failed " + who], 1) << who;
  }
  // Each part has its reports; all recipients are in one of them, and none in two.
  std::map<std::string, int> reported;
  std::size_t reports = 0;
  while (auto due = queue.take_due()) {
    ++reports;
    const auto octets = *run(store.read(due->message->blob, 0, 8 << 20, {}));
    for (std::size_t at = 0; (at = octets.find("Final-Recipient: ", at)) != std::string::npos; ++at)
      ++reported[octets.substr(at, octets.find("\r\n", at) - at)];
  }
  EXPECT_GE(reports, 2u);
  EXPECT_EQ(reports, static_cast<std::size_t>(told[id + " bounce done "]));
  EXPECT_EQ(reported.size(), 1000u);
  for (const auto& [who, times] : reported) EXPECT_EQ(times, 1) << who;
}

TEST_F(LedgerTest, AnAliasThatOneBatchCannotHoldFails) {
  const std::string id = put(1);
  Attempt wide{.what = Attempt::What::expanded, .why = "an alias"};
  for (int i = 0; i < 4000; ++i)
    wide.expanded.push_back({"u" + std::to_string(i), std::string(240, 'd') + ".test"});
  record(wide);
  const auto [message, octets] = report();
  EXPECT_TRUE(octets.contains("Status: 5.2.4")) << octets;
  EXPECT_TRUE(octets.contains("leads to more than can be written")) << octets;
  EXPECT_FALSE(queue.take_due()) << "nobody of it gets the message, and all know";
  auto told = queue::testing::told(events(id));
  EXPECT_EQ(told[id + " route failed u0@b.test"], 1);
}

TEST_F(LedgerTest, AReportThatCannotBeMadeIsMadeLater) {
  const std::string id = put(2);
  auto due = queue.take_due();
  ASSERT_TRUE(due);
  // The report's body cannot be sealed; a while later the store is well again.
  store.fail_after(0, false);
  world.spawn([](FailingStore& s, rt::World& w, rt::Executor on) -> Task<void> {
    auto timer = w.timers.timer(on);
    auto slept = co_await timer->wait_until(w.clock.now() + 10s);
    static_cast<void>(slept);
    s.recover();
  }(store, world, world.executor()));
  Ledger::Found found{{0, kFailed}, {1, {.what = Attempt::What::relayed, .why = "it has it"}}};
  run(world, ledger.record(due->message, std::move(found)));
  auto told = queue::testing::told(events(id));
  EXPECT_EQ(told[id + " route done u1@b.test"], 1) << "what arrived is written down";
  EXPECT_EQ(told[id + " relay failed u0@b.test"], 0) << "no failure without its report";
  EXPECT_FALSE(queue.take_due());
  world.run(5min);
  record(kFailed);
  EXPECT_EQ(queue::testing::told(events(id))[id + " relay failed u0@b.test"], 1);
  const auto [message, octets] = report();
  EXPECT_TRUE(octets.contains("u0@b.test"));
}

TEST_F(LedgerTest, AFullQueueTakesReportsAllTheSame) {
  MailQueue small(store, world, world.executor(), queue::testing::into(retired),
                  {.messages_max = 1});
  ASSERT_TRUE(run(small.open()));
  Ledger clerk(small, store, world, {}, {"mail.here.test"});
  ASSERT_FALSE(run(queue::testing::put(store, small, world, 2, "b.test")).empty());
  EXPECT_FALSE(small.reserve());
  EXPECT_EQ(run(queue::testing::put(store, small, world, 1)), "") << "full";
  const auto due = small.take_due();
  ASSERT_TRUE(due);
  Ledger::Found found{{0, kFailed}};
  run(world, clerk.record(due->message, std::move(found)));
  const auto bounce = small.take_due();
  ASSERT_TRUE(bounce);
  EXPECT_TRUE(bounce->message->sender.null());
  EXPECT_EQ(small.messages(), 2u);
}

TEST_F(LedgerTest, ALostReplyIsToldAsTheWayToASecondCopy) {
  const std::string id = put(1);
  Attempt doubt = kLater;
  doubt.in_doubt = true;
  record(doubt);
  auto told = queue::testing::told(events(id));
  EXPECT_EQ(told[id + " relay note u0@b.test"], 1);
  EXPECT_EQ(told[id + " relay deferred u0@b.test"], 1);
}

}  // namespace
}  // namespace ph::deliver
