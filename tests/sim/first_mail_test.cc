// A server in a simulated world: clients send over a network that cuts and breaks, the store dies
// at any change, and every message that got its 250 is in its mailbox exactly once.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "sim/dialogue.h"
#include "sim/house.h"
#include "store/testing/failing_store.h"

namespace ph::testing {
namespace {

using namespace std::chrono_literals;

const rt::Endpoint kSmtp = *rt::parse_endpoint("127.0.0.1:25");

/// What a client knows in the end: answered 250, or not known (the connection broke before).
struct Sent {
  std::set<std::string> acknowledged, unknown;
};

/// One session: `count` messages to two recipients each.
Task<void> client(rt::World& world, Sent& sent, int number, int count, int& running) {  // NOLINT
  auto stream = co_await world.net.connect(kSmtp, world.clock.now() + 1min);
  if (stream) {
    net::Connection peer(*std::move(stream));
    int code = co_await reply(peer, world);
    if (code == 220) code = co_await say(peer, world, "EHLO client.test\r\n");
    for (int i = 0; code == 250 && i < count; ++i) {
      const std::string mark = fmt::format("{}-{}", number, i);
      code = co_await say(peer, world, fmt::format("MAIL FROM:<s{}@sender.test>\r\n", number));
      if (code == 250) code = co_await say(peer, world, "RCPT TO:<alice@example.test>\r\n");
      if (code == 250) code = co_await say(peer, world, "RCPT TO:<bob@example.test>\r\n");
      if (code == 250) code = co_await say(peer, world, "DATA\r\n");
      if (code != 354) break;
      sent.unknown.insert(mark);
      code = co_await say(peer, world,
                          fmt::format("Subject: {0}\r\nMessage-ID: <{0}@sender.test>\r\n\r\n"
                                      "..a line with a dot\r\n{1}\r\n.\r\n",
                                      mark, std::string(static_cast<std::size_t>(i) * 997, 'x')));
      if (code == 250) {
        sent.acknowledged.insert(mark);
        sent.unknown.erase(mark);
      } else if (code >= 500) {
        sent.unknown.erase(mark);  // refused: it must not be there
      }  // else 4yz from a server whose store has just died under it: it may be there
    }
    if (code != 0) co_await say(peer, world, "QUIT\r\n");
  }
  --running;
}

/// The Subjects in an account's mailbox, with how often.
Task<std::map<std::string, int>> subjects(House& house, rt::World& world,  // NOLINT
                                          std::string address) {
  std::map<std::string, int> found;
  const auto deadline = world.clock.now() + 1min;
  auto known =
      co_await house.identity->directory().resolve(*message::parse_address(address), deadline);
  if (!known) co_return found;
  auto drop = co_await house.mailboxes->lock_maildrop(known->account.id, deadline);
  if (!drop) {
    ADD_FAILURE() << describe(drop.error());
    co_return found;
  }
  for (const auto& message : drop->messages) {
    auto octets = co_await house.mailboxes->read(drop->token, message.uid, 0, 1 << 20, deadline);
    if (!octets) {
      ADD_FAILURE() << describe(octets.error());
      continue;
    }
    EXPECT_EQ(octets->size(), message.octets);
    EXPECT_NE(octets->find("\r\n.a line with a dot\r\n"), std::string::npos);
    EXPECT_TRUE(octets->starts_with("Return-Path: <s")) << *octets;
    EXPECT_NE(octets->find("Delivered-To: " + address + "\r\n"), std::string::npos);
    const std::size_t at = octets->find("Subject: ") + 9;
    ++found[octets->substr(at, octets->find('\r', at) - at)];
  }
  house.mailboxes->unlock(drop->token);
  co_return found;
}

Task<void> make_accounts(House& house, bool& done) {  // NOLINT: outlives the run
  auto& administration = house.identity->administration();
  auto domain = co_await administration.add_domain("example.test");
  EXPECT_TRUE(domain);
  for (const char* address : {"alice@example.test", "bob@example.test"}) {
    auto account = co_await administration.add_account(address, "a good password");
    EXPECT_TRUE(account);
  }
  done = true;
}

struct Outcome {
  Sent sent;
  std::map<std::string, int> alice, bob;
  std::vector<std::string> log;
  bool died = false;
};

/// One run: accounts, clients over a faulty network, a store that dies at change `die_at`; then a
/// second life without faults, until the queue is empty.
Outcome run(std::uint64_t seed, std::uint64_t die_at, bool apply_last) {
  Outcome outcome;
  sim::Options options;
  options.net.segment_octets_max = 200;
  sim::World world(seed, options);
  sim::Resolver resolver(world);
  auto opened = store::open("memory:", "", world);
  if (!opened) return outcome;
  store::Store& disk = **opened;
  {
    House house(disk, world, world.executor(), resolver);
    bool done = false;
    world.spawn(make_accounts(house, done));
    EXPECT_TRUE(world.run_until([&] { return done; }));
  }
  {
    store::testing::FailingStore failing(disk, {.at = die_at, .apply_last = apply_last});
    House house(failing, world, world.executor(), resolver);
    bool started = false, failed = false;
    world.spawn([](House& h, bool& up, bool& bad) -> Task<void> {
      auto ok = co_await h.start(kSmtp);
      (ok ? up : bad) = true;
    }(house, started, failed));
    EXPECT_TRUE(world.run_until([&] { return started || failed; }));
    int running = 0;
    if (started) {
      world.sim_net().set_faults({.segment_octets_max = 200, .resets_per_million = 2000});
      for (int i = 0; i < 6; ++i) {
        ++running;
        world.spawn(client(world, outcome.sent, i, 5, running));
      }
    }
    EXPECT_TRUE(world.run_until([&] { return running == 0; }, 24h));
    bool stopped = false;
    world.spawn([](House& h, bool& down) -> Task<void> {
      co_await h.stop();
      down = true;
    }(house, stopped));
    EXPECT_TRUE(world.run_until([&] { return stopped; }, 24h));
    outcome.died = failing.dead();
  }
  world.sim_net().set_faults({});
  House house(disk, world, world.executor(), resolver);
  bool over = false;
  world.spawn([](House& h, rt::World& w, Outcome& out, bool& finished) -> Task<void> {
    auto ok = co_await h.start(kSmtp);
    EXPECT_TRUE(ok) << describe(ok.error());
    auto timer = w.timers.timer(h.queue.executor());
    for (int i = 0; i < 1000 && h.queue.messages() > 0; ++i) {
      auto waited = co_await timer->wait_until(w.clock.now() + 1s);
      static_cast<void>(waited);
    }
    EXPECT_EQ(h.queue.messages(), 0u);
    out.alice = co_await subjects(h, w, "alice@example.test");
    out.bob = co_await subjects(h, w, "bob@example.test");
    for (const std::string& mark : out.sent.acknowledged) {
      auto events = co_await h.journal.find(mark + "@sender.test", w.clock.now() + 1min);
      EXPECT_TRUE(events);
      int delivered = 0;
      for (const Event& event : *events)
        delivered += event.stage == Stage::deliver && event.outcome == ph::Outcome::done;
      EXPECT_EQ(delivered, 2) << mark << " is not explained";
    }
    co_await h.stop();
    finished = true;
  }(house, world, outcome, over));
  EXPECT_TRUE(world.run_until([&] { return over; }, 24h));
  outcome.log = world.sim_log().lines();
  return outcome;
}

void check(const Outcome& outcome) {
  for (const auto* box : {&outcome.alice, &outcome.bob}) {
    for (const std::string& mark : outcome.sent.acknowledged)
      EXPECT_EQ(box->contains(mark) ? box->at(mark) : 0, 1) << mark << " had its 250";
    for (const auto& [mark, times] : *box) {
      EXPECT_EQ(times, 1) << mark;
      EXPECT_TRUE(outcome.sent.acknowledged.contains(mark) || outcome.sent.unknown.contains(mark))
          << mark << " was refused, and is there";
    }
  }
}

TEST(FirstMail, ArrivesOnceOverANetworkThatBreaks) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    const Outcome outcome = run(seed, ~std::uint64_t{0}, false);
    EXPECT_FALSE(outcome.sent.acknowledged.empty());
    check(outcome);
  }
}

TEST(FirstMail, IsNotLostWhereverTheServerDies) {
  bool died = true;
  std::uint64_t lives = 0;
  // Every change at first, then in larger steps: the later ones are more of the same.
  for (std::uint64_t at = 0; died; at += at < 60 ? 1 : 7) {
    for (const bool applied : {false, true}) {
      SCOPED_TRACE(::testing::Message() << "at=" << at << " applied=" << applied);
      const Outcome outcome = run(at, at, applied);
      died = outcome.died;
      check(outcome);
      ++lives;
    }
  }
  EXPECT_GT(lives, 100u);
}

TEST(FirstMail, GoesTheSameWayWithTheSameSeed) {
  const Outcome first = run(7, 40, true), second = run(7, 40, true);
  EXPECT_EQ(first.sent.acknowledged, second.sent.acknowledged);
  EXPECT_EQ(first.alice, second.alice);
  EXPECT_GT(first.log.size(), 20u);
  EXPECT_EQ(first.log, second.log);
}

}  // namespace
}  // namespace ph::testing
