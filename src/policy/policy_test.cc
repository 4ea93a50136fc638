#include "policy/policy.h"

#include <gtest/gtest.h>

#include <map>

#include "identity/testing/house.h"
#include "store/testing/failing_store.h"

namespace ph::policy {
namespace {

using identity::testing::at;
using identity::testing::House;
using smtp::Client;
using smtp::Reason;
using smtp::Role;
using smtp::Verdict;

struct PolicyTest : ::testing::Test {
  PolicyTest() {
    house.add_domain("example.test");
    alice = house.add_account("alice@example.test");
    bob = house.add_account("bob@example.test");
    Options options;
    options.hostname = "mail.example.test";
    options.trusted_networks = {*rt::parse_network("203.0.113.0/24")};
    options.connections_max = 5;
    options.connections_per_client_max = 2;
    options.message_octets_max = 1000;
    options.own_addresses = {*rt::parse_ip("192.0.2.1"), *rt::parse_ip("2001:db8::1")};
    make(options);
    house.events.clear();
  }
  void make(Options options) {
    policy = make_policy(
        Services{house.identity->directory(), house.identity->authenticator(), *house.store,
                 [this](std::string account, rt::Instant) { return used(std::move(account)); },
                 house.world, [this](Event event) { house.events.push_back(std::move(event)); }},
        std::move(options));
  }
  Task<Result<std::uint64_t>> used(std::string account) {
    if (usage_fails) co_return fail(Kind::unavailable, "mailbox is away");
    ++usage_asked;
    co_return octets[account];
  }
  template <class Ask>
  Verdict ask(Client client, Ask what) {
    return house.run(policy->decide({std::move(client), std::move(what)}, house.soon()));
  }
  Reason rcpt(Client client, message::Address to, std::optional<std::uint64_t> size = {}) {
    return ask(std::move(client), smtp::AskRecipient{{}, std::move(to), size, 0}).reason;
  }
  Reason rcpt(Client client, std::string_view to, std::optional<std::uint64_t> size = {}) {
    return rcpt(std::move(client), at(to), size);
  }
  Reason mail(Client client, message::Address from, std::optional<std::uint64_t> size = {}) {
    return ask(std::move(client), smtp::AskSender{std::move(from), size, false}).reason;
  }

  Client stranger() const { return client("198.51.100.7", Role::mx, {}); }
  Client trusted() const { return client("203.0.113.9", Role::mx, {}); }
  Client user() const { return client("198.51.100.7", Role::submission, alice); }
  Client nobody_on_submission() const { return client("198.51.100.7", Role::submission, {}); }
  static Client client(std::string ip, Role role, const identity::Account& account) {
    Client out;
    out.ip = std::move(ip);
    out.role = role;
    out.listener = role == Role::mx ? "smtp" : "submission";
    out.helo = "client.test";
    out.account = account.id;
    if (!account.id.empty()) out.login = message::to_string(account.address);
    return out;
  }

  House house;
  identity::Account alice, bob;
  std::unique_ptr<Policy> policy;
  std::map<std::string, std::uint64_t> octets;
  int usage_asked = 0;
  bool usage_fails = false;
};

// RFC 5321 §7.9 and every way that once opened a relay somewhere.
TEST_F(PolicyTest, IsNeverAnOpenRelay) {
  using message::Address;
  struct Row {
    Address to;
    Reason stranger, with_right;
  };
  const auto no_user = Reason::unknown_recipient;
  const auto denied = Reason::relay_denied;
  const std::vector<Row> matrix = {
      {at("alice@example.test"), Reason::ok, Reason::ok},
      {at("ALICE@EXAMPLE.TEST"), Reason::ok, Reason::ok},
      {at("alice+tag@example.test"), Reason::ok, Reason::ok},
      {Address{"alice", "example.test."}, Reason::ok, Reason::ok},
      {at("postmaster"), Reason::ok, Reason::ok},
      {at("x@elsewhere.test"), denied, Reason::ok},
      {Address{"x", "ELSEWHERE.test."}, denied, Reason::ok},
      {at("alice@sub.example.test"), denied, Reason::ok},
      {at("alice@xexample.test"), denied, Reason::ok},
      {at("alice@[198.51.100.1]"), denied, Reason::ok},
      {at("x%elsewhere.test@example.test"), no_user, no_user},
      {at("x%elsewhere.test@mail.example.test"), denied, no_user},
      {at("x%elsewhere.test@[192.0.2.1]"), denied, no_user},
      {at("x%elsewhere.test@[127.0.0.1]"), denied, no_user},
      {at("elsewhere.test!x@example.test"), no_user, no_user},
      {at("\"x@elsewhere.test\"@example.test"), no_user, no_user},
      {at("\"x@elsewhere.test\"@mail.example.test"), denied, no_user},
      {at("\"@elsewhere.test:x\"@example.test"), no_user, no_user},
      {Address{"x@elsewhere.test", ""}, no_user, no_user},
      {Address{"alice", ""}, no_user, no_user},
      {Address{"", "elsewhere.test"}, denied, Reason::ok},
      {Address{}, no_user, no_user},
      {Address{"x", "elsewhere.test@example.test"}, denied, Reason::ok},
      {Address{"x", std::string("example.test\0.elsewhere.test", 27)}, denied, Reason::ok},
      {at("alice@[192.0.2.1]"), denied, no_user},
      {at("alice@[IPv6:2001:db8::1]"), denied, no_user},
      {at("alice@[IPv6:2001:db8:0:0::1]"), denied, no_user},
      {at("alice@[127.0.0.2]"), denied, no_user},
      {at("alice@[IPv6:::1]"), denied, no_user},
      {Address{"alice", "MAIL.example.test."}, denied, no_user},
  };
  const Client on_mx = client("198.51.100.7", Role::mx, alice);
  for (const Row& row : matrix) {
    SCOPED_TRACE(row.to.local + " at " + row.to.domain);
    EXPECT_EQ(rcpt(stranger(), row.to), row.stranger);
    EXPECT_EQ(rcpt(client("127.0.0.1", Role::mx, {}), row.to), row.stranger);  // not trusted either
    EXPECT_EQ(rcpt(client("not an address", Role::mx, {}), row.to), row.stranger);
    EXPECT_EQ(rcpt(trusted(), row.to), row.with_right);
    EXPECT_EQ(rcpt(user(), row.to), row.with_right);
    EXPECT_EQ(rcpt(on_mx, row.to), row.with_right);
    EXPECT_EQ(rcpt(nobody_on_submission(), row.to), Reason::login_required);
  }
}

TEST_F(PolicyTest, TrustsNobodyByDefault) {
  Options options;
  options.hostname = "mail.example.test";
  make(options);
  for (const char* ip : {"127.0.0.1", "::1", "10.0.0.1", "203.0.113.9", "", "0.0.0.0"})
    EXPECT_EQ(rcpt(client(ip, Role::mx, {}), "x@elsewhere.test"), Reason::relay_denied) << ip;
}

TEST_F(PolicyTest, AnswersForWhatBecameOfARecipient) {
  EXPECT_EQ(rcpt(stranger(), "nobody@example.test"), Reason::unknown_recipient);
  house.add_alias("all@example.test", {"x@elsewhere.test"});
  EXPECT_EQ(rcpt(stranger(), "all@example.test"), Reason::ok);

  house.must(house.run(house.admin().move_account("bob@example.test", "bob@new.test", true)));
  Verdict verdict = ask(stranger(), smtp::AskRecipient{{}, at("bob@example.test"), {}, 0});
  EXPECT_EQ(verdict.reason, Reason::moved_forwarding);
  EXPECT_EQ(verdict.address, "bob@new.test");
  house.must(house.run(house.admin().move_account("bob@example.test", "bob@new.test", false)));
  verdict = ask(stranger(), smtp::AskRecipient{{}, at("bob@example.test"), {}, 0});
  EXPECT_EQ(verdict.reason, Reason::moved);
  EXPECT_EQ(verdict.address, "bob@new.test");

  for (const auto state : {identity::AccountState::disabled, identity::AccountState::locked}) {
    house.must(house.run(house.admin().set_state("alice@example.test", state)));
    EXPECT_EQ(rcpt(stranger(), "alice@example.test"), Reason::recipient_disabled);
  }
}

TEST_F(PolicyTest, KeepsQuotas) {
  EXPECT_EQ(rcpt(stranger(), "bob@example.test", 900), Reason::ok);
  EXPECT_EQ(usage_asked, 0);  // without a quota nobody is asked
  house.must(house.run(house.admin().set_quota("bob@example.test", 500)));
  octets[bob.id] = 400;
  EXPECT_EQ(rcpt(stranger(), "bob@example.test"), Reason::ok);
  EXPECT_EQ(rcpt(stranger(), "bob@example.test", 100), Reason::ok);
  EXPECT_EQ(rcpt(stranger(), "bob@example.test", 101), Reason::quota_exceeded);
  octets[bob.id] = 500;
  EXPECT_EQ(rcpt(stranger(), "bob@example.test"), Reason::quota_exceeded);
  octets[bob.id] = ~std::uint64_t{0};
  EXPECT_EQ(rcpt(stranger(), "bob@example.test", 1), Reason::quota_exceeded);
  usage_fails = true;
  EXPECT_EQ(rcpt(stranger(), "bob@example.test"), Reason::temporary_failure);
}

TEST_F(PolicyTest, SendersOnSubmissionAreTheAccounts) {
  house.add_alias("sales@example.test", {"alice@example.test"});
  EXPECT_EQ(mail(user(), at("alice@example.test")), Reason::ok);
  EXPECT_EQ(mail(user(), at("Alice+x@example.test")), Reason::ok);
  EXPECT_EQ(mail(user(), at("sales@example.test")), Reason::ok);
  EXPECT_EQ(mail(user(), {}), Reason::ok);  // a read receipt
  for (const char* from : {"bob@example.test", "x@elsewhere.test", "nobody@example.test",
                           "\"alice@example.test\"@elsewhere.test"})
    EXPECT_EQ(mail(user(), at(from)), Reason::sender_not_owned) << from;
  EXPECT_EQ(mail(client("198.51.100.7", Role::mx, alice), at("bob@example.test")),
            Reason::sender_not_owned);
  EXPECT_EQ(mail(nobody_on_submission(), at("alice@example.test")), Reason::login_required);
  EXPECT_EQ(mail(client("203.0.113.9", Role::submission, {}), at("alice@example.test")),
            Reason::ok);
  EXPECT_EQ(mail(stranger(), at("alice@example.test")), Reason::ok);
  EXPECT_EQ(mail(stranger(), at("x@elsewhere.test")), Reason::ok);
  EXPECT_EQ(mail(stranger(), {}), Reason::ok);
  EXPECT_EQ(mail(stranger(), {"x", ""}), Reason::sender_domain_invalid);
}

TEST_F(PolicyTest, RefusesWhatDoesNotFit) {
  EXPECT_EQ(mail(stranger(), {}, 1000), Reason::ok);
  EXPECT_EQ(mail(stranger(), {}, 1001), Reason::too_big);
  EXPECT_EQ(rcpt(stranger(), "alice@example.test", 1001), Reason::too_big);
  auto full = store::open("memory:0", "", house.world);
  ASSERT_TRUE(full);
  const auto tight = make_policy(Services{house.identity->directory(),
                                          house.identity->authenticator(),
                                          **full,
                                          {},
                                          house.world,
                                          [](Event) {}},
                                 Options{.hostname = "mail.example.test"});
  const Verdict verdict =
      house.run(tight->decide({stranger(), smtp::AskSender{{}, 10, false}}, house.soon()));
  EXPECT_EQ(verdict.reason, Reason::no_space);
}

TEST_F(PolicyTest, CountsConnections) {
  const auto connect = [this](const std::string& ip) {
    return ask(client(ip, Role::mx, {}), smtp::AskConnect{}).reason;
  };
  const auto many = Reason::too_many_connections;
  EXPECT_EQ(connect("2001:db8:1:2::1"), Reason::ok);
  EXPECT_EQ(connect("2001:db8:1:2::2"), Reason::ok);
  EXPECT_EQ(connect("2001:db8:1:2::3"), many);  // one /64 is one client
  EXPECT_EQ(house.events.back().stage, Stage::connect);
  EXPECT_EQ(house.events.back().outcome, Outcome::deferred);
  EXPECT_EQ(connect("2001:db8:1:3::1"), Reason::ok);
  EXPECT_EQ(connect("127.0.0.1"), Reason::ok);
  EXPECT_EQ(connect("203.0.113.5"), Reason::ok);
  EXPECT_EQ(connect("127.0.0.1"), many);  // all are in use, for everybody
  policy->departed(client("2001:db8:1:2::2", Role::mx, {}));
  EXPECT_EQ(connect("2001:db8:1:2::4"), Reason::ok);
  for (const char* ip : {"2001:db8:1:2::1", "2001:db8:1:2::4", "2001:db8:1:3::1", "203.0.113.5"})
    policy->departed(client(ip, Role::mx, {}));
  policy->departed(client("192.0.2.99", Role::mx, {}));  // was never here
  // Loopback and trusted networks have no limit of their own.
  for (int i = 0; i < 4; ++i) EXPECT_EQ(connect("127.0.0.1"), Reason::ok);
  EXPECT_EQ(connect("127.0.0.1"), many);
}

TEST_F(PolicyTest, AsksIdentityForLogins) {
  const auto login = [this](std::string user, std::string password, std::string ip) {
    return ask(client(std::move(ip), Role::submission, {}),
               smtp::AskLogin{"PLAIN", std::move(user), std::move(password)});
  };
  const Verdict in = login("alice", "secret", "192.0.2.7");
  EXPECT_EQ(in.reason, Reason::ok);
  EXPECT_EQ(in.account, alice.id);
  EXPECT_EQ(in.address, "alice@example.test");
  for (std::uint32_t i = 0; i < identity::kLoginFailuresMax; ++i)
    EXPECT_EQ(login("alice", "wrong", "192.0.2.8").reason, Reason::bad_credentials);
  EXPECT_EQ(login("alice", "secret", "192.0.2.8").reason, Reason::login_locked);
  house.must(
      house.run(house.admin().set_state("bob@example.test", identity::AccountState::disabled)));
  EXPECT_EQ(login("bob", "secret", "192.0.2.7").reason, Reason::bad_credentials);
}

TEST_F(PolicyTest, VerifiesForUsersOnly) {
  house.add_alias("all@example.test", {"x@elsewhere.test"});
  house.must(house.run(house.admin().move_account("bob@example.test", "bob@new.test", false)));
  const auto verify = [this](const Client& who, std::string text) {
    const Verdict verdict = ask(who, smtp::AskVerify{std::move(text)});
    return std::pair(verdict.reason, verdict.address);
  };
  for (const Client& who : {stranger(), trusted(), nobody_on_submission()})
    for (const char* text : {"alice@example.test", "nobody@example.test", "x"})
      EXPECT_EQ(verify(who, text).first, Reason::cannot_verify);
  const auto alice_there = std::pair(Reason::verified, std::string("alice@example.test"));
  for (const char* text : {"alice@example.test", "<Alice@example.test>", " alice ", "alice"})
    EXPECT_EQ(verify(user(), text), alice_there) << text;
  EXPECT_EQ(verify(user(), "all").first, Reason::verified);
  EXPECT_EQ(verify(user(), "nobody").first, Reason::unknown_recipient);
  EXPECT_EQ(verify(user(), "x@elsewhere.test").first, Reason::cannot_verify);
  EXPECT_EQ(verify(user(), "a b c").first, Reason::cannot_verify);
  EXPECT_EQ(verify(user(), "bob"), std::pair(Reason::moved, std::string("bob@new.test")));
}

TEST_F(PolicyTest, NotesEachRefusalWithItsReason) {
  ask(stranger(), smtp::AskRecipient{at("from@far.test"), at("x@elsewhere.test"), {}, 0});
  ASSERT_EQ(house.events.size(), 1u);
  const Event& event = house.events.back();
  EXPECT_EQ(event.stage, Stage::envelope);
  EXPECT_EQ(event.outcome, Outcome::refused);
  EXPECT_EQ(event.sender, "from@far.test");
  EXPECT_EQ(event.recipient, "x@elsewhere.test");
  EXPECT_EQ(event.peer, "198.51.100.7 (helo client.test)");
  EXPECT_EQ(event.why, "not our domain, and the client has no right to relay");
  rcpt(stranger(), "alice@example.test");
  ask(stranger(), smtp::AskVerify{"alice"});
  EXPECT_EQ(house.events.size(), 1u);  // what is granted is told elsewhere
}

TEST_F(PolicyTest, SaysTryLaterWhenARoomFails) {
  store::testing::FailingStore dead(*house.store, {.at = 0});
  (void)house.run(dead.commit("d/000", {}, {}));
  house.restart(&dead);
  make({.hostname = "mail.example.test"});
  const auto later = Reason::temporary_failure;
  EXPECT_EQ(rcpt(stranger(), "alice@example.test"), later);
  EXPECT_EQ(rcpt(stranger(), "x@elsewhere.test"), later);
  EXPECT_EQ(rcpt(user(), "x@elsewhere.test"), later);
  EXPECT_EQ(mail(user(), at("alice@example.test")), later);
  EXPECT_EQ(ask(user(), smtp::AskVerify{"bob"}).reason, later);
  EXPECT_EQ(ask(stranger(), smtp::AskLogin{"PLAIN", "alice", "secret"}).reason, later);
  EXPECT_EQ(house.events.back().stage, Stage::authenticate);
  EXPECT_EQ(house.events.back().outcome, Outcome::deferred);
}

}  // namespace
}  // namespace ph::policy
