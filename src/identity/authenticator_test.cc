#include <gtest/gtest.h>

#include <algorithm>

#include "identity/hasher.h"
#include "identity/testing/house.h"

namespace ph::identity {
namespace {

using testing::House;
using What = LoginResult::What;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct AuthenticatorTest : ::testing::Test {
  AuthenticatorTest() {
    house.add_domain("example.test");
    house.add_domain("other.test");
    alice = house.add_account("alice@example.test", "secret");
    house.events.clear();
  }
  What login(std::string user, std::string password, std::string ip = "192.0.2.7") {
    auto result = house.login(std::move(user), std::move(password), std::move(ip));
    EXPECT_TRUE(result) << describe(result.error());
    return result ? result->what : What::wrong;
  }
  milliseconds took(std::string user, std::string password) {
    const rt::Instant before = house.world.clock.now();
    login(std::move(user), std::move(password));
    return std::chrono::floor<milliseconds>(house.world.clock.now() - before);
  }
  std::string last_why() const { return house.events.empty() ? "" : house.events.back().why; }
  void use_up_tries(std::string ip) {
    for (std::uint32_t i = 0; i < kLoginFailuresMax; ++i)
      EXPECT_EQ(login("alice", "wrong", ip), What::wrong);
  }

  House house;
  Account alice;
};

TEST_F(AuthenticatorTest, LetsInWhoHasThePassword) {
  auto result = house.login("alice@example.test", "secret");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->what, What::ok);
  EXPECT_EQ(result->account.id, alice.id);
  EXPECT_EQ(login("alice", "secret"), What::ok);
  EXPECT_EQ(login("ALICE@Example.test", "secret"), What::ok);
  ASSERT_FALSE(house.events.empty());
  EXPECT_EQ(house.events.back().outcome, Outcome::done);
  EXPECT_EQ(house.events.back().recipient, "alice@example.test");
  EXPECT_EQ(house.events.back().peer, "192.0.2.7 (listener submission)");
}

// RFC 4013: phones and computers write the same password in different octets.
TEST_F(AuthenticatorTest, TakesAPasswordHoweverItsCharactersAreComposed) {
  house.add_account("bob@example.test", "m\u00fcnchen\u00a0\u2168");
  EXPECT_EQ(login("bob@example.test", "mu\u0308nchen IX"), What::ok);
  EXPECT_EQ(login("bob@example.test", "m\u00fcnchen\u00a0\u2168"), What::ok);
  EXPECT_EQ(login("bob@example.test", "munchen IX"), What::wrong);
  // What SASLprep refuses is a password as it is.
  house.add_account("carol@example.test", "\xff\u0308");
  EXPECT_EQ(login("carol@example.test", "\xff\u0308"), What::ok);
  EXPECT_EQ(login("carol@example.test", "\xff"), What::wrong);
}

TEST_F(AuthenticatorTest, TakesAPasswordOfWhichTheVerifierWasMadeAsItWasTyped) {
  const std::string typed = "mu\u0308nchen";
  const auto verifier = crypto::make_verifier(typed, std::string(32, 's')).value();
  PasswordHasher hasher(house.world, 1, 1);
  EXPECT_TRUE(house.run(hasher.verify(verifier, typed, house.soon())).value());
  EXPECT_FALSE(house.run(hasher.verify(verifier, "m\u00fcnchen", house.soon())).value());
}

TEST_F(AuthenticatorTest, KeepsOutEverybodyElse) {
  house.add_alias("info@example.test", {"alice@example.test"});
  int tries = 0;
  for (const char* user :
       {"alice@other.test", "bob", "", "alice+tag@example.test", "postmaster", "info@example.test",
        "alice@", "@example.test", "\"", "alice@@", "alice\r\nx"}) {
    // Another peer each time, so that none is locked.
    EXPECT_EQ(login(user, "secret", "192.0.2." + std::to_string(++tries)), What::wrong) << user;
    EXPECT_TRUE(last_why().starts_with("unknown user (")) << last_why();
    EXPECT_EQ(house.events.back().recipient, "");
  }
  EXPECT_EQ(login(std::string(5000, 'x'), "secret", "192.0.2.99"), What::wrong);
  for (const char* password : {"", "Secret", "secret ", "secre"})
    EXPECT_EQ(login("alice", password, "192.0.2." + std::to_string(++tries)), What::wrong);
  EXPECT_EQ(last_why(), "wrong password (4 of 10)");
  EXPECT_EQ(login("alice", std::string(5000, 'x'), "192.0.2.98"), What::wrong);
}

TEST_F(AuthenticatorTest, NeverTellsPasswordsOrTypedNames) {
  login("hunter2", "hunter3");
  login("alice", "hunter4");
  login("alice", "secret");
  for (const Event& event : house.events) {
    const std::string octets = format_event(event);
    for (const char* secret : {"hunter", "secret"})
      EXPECT_EQ(octets.find(secret), std::string::npos) << event.why;
  }
  for (const std::string& line : house.world.sim_log().lines())
    EXPECT_EQ(line.find("hunter"), std::string::npos);
}

TEST_F(AuthenticatorTest, SlowsWrongPasswordsAndUnknownUsersAlike) {
  EXPECT_EQ(took("alice", "secret"), milliseconds(0));
  EXPECT_EQ(took("alice", "wrong"), milliseconds(250));
  EXPECT_EQ(took("alice", "wrong"), milliseconds(500));
  EXPECT_EQ(took("nobody", "wrong"), milliseconds(1000));
  EXPECT_EQ(took("nobody", "wrong"), milliseconds(2000));
  EXPECT_EQ(took("nobody", "wrong"), milliseconds(4000));
  EXPECT_EQ(took("alice", "wrong"), milliseconds(4000));
}

TEST_F(AuthenticatorTest, AnswersByTheDeadline) {
  for (int i = 0; i < 5; ++i) login("alice", "wrong");
  const rt::Instant before = house.world.clock.now();
  auto result = house.run(house.identity->authenticator().login(
      {"alice", "wrong", "192.0.2.7", "submission"}, before + seconds(1)));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->what, What::wrong);
  EXPECT_EQ(house.world.clock.now() - before, seconds(1));
}

TEST_F(AuthenticatorTest, LocksPeerAndAccountWithAnEvent) {
  house.add_account("bob@example.test", "secret");
  house.events.clear();
  use_up_tries("192.0.2.7");
  EXPECT_EQ(last_why(), "peer and account locked for 15 minutes after 10 wrong passwords");
  EXPECT_EQ(house.events.back().stage, Stage::authenticate);
  EXPECT_EQ(house.events.back().recipient, "alice@example.test");

  EXPECT_EQ(login("alice", "secret", "192.0.2.7"), What::locked);
  EXPECT_EQ(login("alice", "secret", "198.51.100.1"), What::locked);  // the account
  EXPECT_EQ(login("bob", "secret", "192.0.2.7"), What::locked);       // the peer
  EXPECT_EQ(login("bob", "secret", "198.51.100.1"), What::ok);
  house.world.run(kLoginLockMinutes);
  EXPECT_EQ(login("alice", "secret", "192.0.2.7"), What::ok);
}

TEST_F(AuthenticatorTest, LocksAlsoWhatItRemembers) {
  EXPECT_EQ(login("alice", "secret", "198.51.100.1"), What::ok);
  use_up_tries("192.0.2.7");
  EXPECT_EQ(login("alice", "secret", "198.51.100.1"), What::locked);
}

TEST_F(AuthenticatorTest, AccountLocksSurviveARestart) {
  use_up_tries("192.0.2.7");
  house.restart();
  EXPECT_EQ(login("alice", "secret", "198.51.100.1"), What::locked);
  house.world.run(kLoginLockMinutes);
  house.restart();
  EXPECT_EQ(login("alice", "secret", "198.51.100.1"), What::ok);
}

TEST_F(AuthenticatorTest, ANewPasswordTakesTheLockOff) {
  use_up_tries("192.0.2.7");
  house.must(house.run(house.admin().set_password("alice@example.test", "fresh")));
  EXPECT_EQ(login("alice", "secret", "198.51.100.1"), What::wrong);
  EXPECT_EQ(login("alice", "fresh", "198.51.100.2"), What::ok);
  house.restart();
  EXPECT_EQ(login("alice", "fresh", "198.51.100.1"), What::ok);
}

TEST_F(AuthenticatorTest, CountsAnIpv6NetworkAsOnePeer) {
  for (std::uint32_t i = 0; i < kLoginFailuresMax; ++i)
    login("nobody" + std::to_string(i), "x", "2001:db8:1:2::" + std::to_string(i + 1));
  EXPECT_EQ(last_why(), "peer locked for 15 minutes after 10 wrong passwords");
  EXPECT_EQ(login("alice", "secret", "2001:db8:1:2:ffff::1"), What::locked);
  EXPECT_EQ(login("alice", "secret", "2001:db8:1:3::1"), What::ok);
}

TEST_F(AuthenticatorTest, ReportsStatesOnlyToWhoHasThePassword) {
  house.must(house.run(house.admin().set_state("alice@example.test", AccountState::disabled)));
  EXPECT_EQ(login("alice", "wrong"), What::wrong);
  EXPECT_EQ(login("alice", "secret"), What::disabled);
  house.must(house.run(house.admin().set_state("alice@example.test", AccountState::locked)));
  EXPECT_EQ(login("alice", "secret"), What::locked);
  house.must(house.run(house.admin().set_state("alice@example.test", AccountState::active)));
  EXPECT_EQ(login("alice", "secret"), What::ok);
  // What was remembered goes with the state.
  house.must(house.run(house.admin().set_state("alice@example.test", AccountState::disabled)));
  EXPECT_EQ(login("alice", "secret"), What::disabled);
  house.must(house.run(house.admin().remove_account("alice@example.test")));
  EXPECT_EQ(login("alice", "secret"), What::wrong);
}

TEST(AuthenticatorLoad, TurnsAwayWhatItCannotHash) {
  House house({.password_hashes_max = 1, .password_hashes_waiting_max = 2});
  house.add_domain("example.test");
  house.add_account("alice@example.test", "secret");
  std::vector<Result<LoginResult>> results;
  const auto one = [](House& in, std::vector<Result<LoginResult>>& out) -> Task<void> {
    auto result = co_await in.identity->authenticator().login(
        {"alice", "secret", "192.0.2.7", "submission"}, in.soon());
    out.push_back(std::move(result));
  };
  for (int i = 0; i < 5; ++i) house.world.spawn(one(house, results));
  ASSERT_TRUE(house.world.run_until([&] { return results.size() == 5; }));
  EXPECT_EQ(std::ranges::count_if(results, [](const auto& r) { return r.has_value(); }), 3);
  for (const auto& result : results)
    if (!result) EXPECT_EQ(result.error().kind, Kind::unavailable);
}

}  // namespace
}  // namespace ph::identity
