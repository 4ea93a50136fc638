// Mail to other servers in the simulation: what peers say and do, how many are talked to at once,
// and how long the dead ones cost.
#include "deliver/relay.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "deliver/testing/house.h"

namespace ph::deliver {
namespace {

using namespace std::chrono_literals;
using testing::House;
using testing::make_peer;
using testing::PeerPtr;

struct RelayTest : testing::Scene {
  /// The events of this recipient, by "stage outcome".
  std::map<std::string, int> outcomes(House& house, const std::string& id, const std::string& who) {
    std::map<std::string, int> times;
    for (const Event& event : story(house, id))
      if (event.recipient == who)
        ++times[std::string(to_string(event.stage)) + " " + std::string(to_string(event.outcome))];
    return times;
  }
};

std::string long_body(std::size_t lines) {
  std::string body = "Subject: long\r\n\r\n";
  for (std::size_t i = 0; i < lines; ++i) body += std::string(70, 'x') + "\r\n";
  return body;
}

TEST_F(RelayTest, ARefusalInTheMiddleOfTheMessageBounces) {
  const PeerPtr peer = this->peer("b.test", "192.0.2.1");
  peer->cut_after = 2000;
  peer->cut_reply = "552 5.3.4 that is too much";
  const auto house = open();
  const std::string id = put(*house, {{"bob", "b.test"}}, long_body(20000));
  world.run(3min);
  EXPECT_TRUE(listed(*house).empty());
  EXPECT_EQ(outcomes(*house, id, "bob@b.test")["relay failed"], 1);
  EXPECT_EQ(in_mailbox(*house, "alice"), 1u) << "the report";
  std::string reply;
  for (const Event& event : story(*house, id)) reply += event.reply;
  EXPECT_TRUE(reply.contains("552 5.3.4 that is too much"));
  EXPECT_EQ(peer->connections, 1u) << "it is not asked again";
  finish(*house);
}

TEST_F(RelayTest, WhatIsNoRefusalInTheMiddleOfTheMessageIsALostConnection) {
  for (const char* said : {"", "250 2.0.0 I have it", "421 4.3.2 going down", "452 4.3.1 full"}) {
    SCOPED_TRACE(said);
    const std::string domain =
        fmt::format("d{}.test", world.clock.now().time_since_epoch().count());
    static int next = 20;
    const PeerPtr peer = this->peer(domain, fmt::format("192.0.2.{}", next++));
    peer->cut_after = 2000;
    peer->cut_reply = said;
    const auto house = open();
    const std::string id = put(*house, {{"bob", domain}}, long_body(20000));
    world.run(3min);
    const auto jobs = listed(*house);
    ASSERT_EQ(jobs.size(), 1u);
    EXPECT_EQ(jobs[0].attempts, 1u);
    const auto times = outcomes(*house, id, "bob@" + domain);
    EXPECT_FALSE(times.contains("relay done")) << "it cannot have had all of it";
    EXPECT_FALSE(times.contains("relay note")) << "nor is that in doubt";
    peer->cut_after = 0;
    world.run(10min);
    EXPECT_EQ(peer->letters.size(), 1u);
    finish(*house);
  }
}

TEST_F(RelayTest, EachRecipientHasItsOwnOutcome) {
  const PeerPtr peer = this->peer("b.test", "192.0.2.1");
  peer->on["RCPT no@b.test"] = "550 5.1.1 nobody";
  peer->on["RCPT later@b.test"] = "451 4.2.1 later";
  const auto house = open();
  const std::string id = put(*house, {{"yes", "b.test"}, {"no", "b.test"}, {"later", "b.test"}});
  world.run(1min);
  ASSERT_EQ(peer->letters.size(), 1u);
  EXPECT_EQ(peer->letters[0].recipients, std::vector<std::string>{"yes@b.test"});
  const auto jobs = listed(*house);
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0].recipient, "later@b.test");
  EXPECT_EQ(jobs[0].reply, "451 4.2.1 later\r\n");
  EXPECT_EQ(outcomes(*house, id, "no@b.test")["relay failed"], 1);
  EXPECT_EQ(in_mailbox(*house, "alice"), 1u);
  peer->on.clear();
  world.run(10min);
  EXPECT_TRUE(listed(*house).empty());
  finish(*house);
}

TEST_F(RelayTest, NoMoreConnectionsToADestinationThanItMayHave) {
  const PeerPtr peer = this->peer("b.test", "192.0.2.1");
  peer->think = 1s;
  auto options = testing::default_options();
  options.relay.sessions_per_destination = 3;
  auto house = open(options);
  for (int i = 0; i < 40; ++i) put(*house, {{"bob", "b.test"}});
  world.run(2min);
  EXPECT_EQ(peer->letters.size(), 40u);
  EXPECT_EQ(peer->open_max, 3u);
  finish(*house);
  house = open();
  peer->open_max = 0;
  for (int i = 0; i < 300; ++i) put(*house, {{"bob", "b.test"}});
  world.run(5min);
  EXPECT_EQ(peer->letters.size(), 340u);
  EXPECT_GT(peer->open_max, 3u);
  EXPECT_LE(peer->open_max, kSessionsPerDestinationMax);
  finish(*house);
}

TEST_F(RelayTest, ABlackHoleCostsItsTimeOnce) {
  resolver.set_mx("b.test", {{10, "dead.b.test"}, {20, "mx.b.test"}});
  resolver.set_a("dead.b.test", {"192.0.2.66"});
  resolver.set_a("mx.b.test", {"192.0.2.1"});
  world.sim_net().silence(*rt::parse_ip("192.0.2.66"));
  const PeerPtr peer = make_peer(world, "192.0.2.1");
  const auto house = open();
  const auto takes = [&] {
    const auto before = peer->letters.size();
    const auto since = world.clock.now();
    put(*house, {{"bob", "b.test"}});
    EXPECT_TRUE(world.run_until([&] { return peer->letters.size() > before; }, 5min));
    return world.clock.now() - since;
  };
  EXPECT_GE(takes(), kConnectMax);
  for (int i = 0; i < 3; ++i) {
    world.run(1min);  // no connection is idle any more
    EXPECT_LT(takes(), 1s) << i;
  }
  world.run(kHostDeadFor);
  EXPECT_GE(takes(), kConnectMax) << "its preference counts again";
  finish(*house);
}

// More addresses than one attempt tries, the only living one last.
TEST_F(RelayTest, ALivingHostBehindManyDeadOnesIsFound) {
  std::vector<std::string> dead[3];
  for (int i = 0; i < 42; ++i) {
    dead[i % 3].push_back(fmt::format("192.0.3.{}", i + 1));
    world.sim_net().silence(*rt::parse_ip(dead[i % 3].back()));
  }
  resolver.set_mx("b.test",
                  {{10, "x.b.test"}, {20, "y.b.test"}, {30, "z.b.test"}, {40, "mx.b.test"}});
  resolver.set_a("x.b.test", dead[0]);
  resolver.set_a("y.b.test", dead[1]);
  resolver.set_a("z.b.test", dead[2]);
  resolver.set_a("mx.b.test", {"192.0.2.1"});
  const PeerPtr peer = make_peer(world, "192.0.2.1");
  const auto house = open();
  put(*house, {{"bob", "b.test"}});
  EXPECT_TRUE(world.run_until([&] { return !peer->letters.empty(); }, 2h));
  finish(*house);
}

// Hosts that answer and would not serve us count as talks: the next attempt asks others.
TEST_F(RelayTest, ALivingHostBehindManyUnwillingOnesIsFound) {
  std::vector<std::pair<std::uint16_t, std::string>> hosts;
  std::vector<PeerPtr> unwilling;
  for (int i = 0; i < 10; ++i) {
    const std::string name = fmt::format("mx{}.b.test", i);
    const std::string ip = fmt::format("192.0.2.{}", 100 + i);
    hosts.emplace_back(static_cast<std::uint16_t>(10 + i), name);
    resolver.set_a(name, {ip});
    unwilling.push_back(make_peer(world, ip));
    unwilling.back()->greeting = "421 4.3.2 not now";
  }
  const PeerPtr willing = unwilling.back();
  willing->greeting = "220 welcome";
  resolver.set_mx("b.test", hosts);
  const auto house = open();
  put(*house, {{"bob", "b.test"}});
  EXPECT_TRUE(world.run_until([&] { return !willing->letters.empty(); }, 1h));
  EXPECT_EQ(unwilling[0]->connections, 1u) << "those first that were not asked yet";
  finish(*house);
}

TEST_F(RelayTest, ADeadDestinationFailsItsWholeLineAtOnce) {
  resolver.set_mx("dead.test", {{10, "mx.dead.test"}});
  resolver.set_a("mx.dead.test", {"192.0.2.66"});
  world.sim_net().silence(*rt::parse_ip("192.0.2.66"));
  const auto house = open();
  for (int i = 0; i < 50; ++i) put(*house, {{"bob", "dead.test"}});
  world.run(35s);
  std::size_t tried = 0;
  for (const auto& job : listed(*house)) tried += job.attempts;
  EXPECT_EQ(tried, 50u) << "one connection tells for all of them";
  finish(*house);
}

}  // namespace
}  // namespace ph::deliver
