#include <gtest/gtest.h>

#include "identity/testing/house.h"
#include "store/testing/failing_store.h"

namespace ph::identity {
namespace {

using testing::at;
using testing::House;
using What = Resolved::What;

struct DirectoryTest : ::testing::Test {
  DirectoryTest() {
    house.add_domain("example.test");
    house.add_domain("other.test");
    alice = house.add_account("Alice@example.test");
    bob = house.add_account("bob@example.test");
  }
  bool owns(const Account& account, std::string_view address) {
    auto owns = house.run(house.identity->directory().owns(account.id, at(address), house.soon()));
    EXPECT_TRUE(owns);
    return owns && *owns;
  }
  House house;
  Account alice, bob;
};

TEST_F(DirectoryTest, TellsWhatAnAddressIs) {
  EXPECT_EQ(house.resolve("alice@example.test").what, What::account);
  EXPECT_EQ(house.resolve("ALICE@Example.Test").account.id, alice.id);
  EXPECT_EQ(message::to_string(house.resolve("alice@example.test").account.address),
            "Alice@example.test");
  EXPECT_EQ(house.resolve("nobody@example.test").what, What::unknown_user);
  EXPECT_EQ(house.resolve("alice@elsewhere.test").what, What::not_local);
  EXPECT_EQ(house.resolve("alice@sub.example.test").what, What::not_local);
  EXPECT_EQ(house.resolve("alice@[192.0.2.1]").what, What::not_local);
  EXPECT_EQ(house.resolve(message::Address{}).what, What::not_local);
  EXPECT_EQ(house.resolve(message::Address{"alice", ""}).what, What::unknown_user);
  EXPECT_EQ(house.resolve(message::Address{"alice", "EXAMPLE.test."}).what, What::account);
  EXPECT_EQ(house.resolve(message::Address{std::string(600, 'x'), "example.test"}).what,
            What::unknown_user);
  EXPECT_EQ(alice.id.size(), 26u);
  EXPECT_NE(alice.id, bob.id);
}

TEST_F(DirectoryTest, TellsAliasesAndMovedAccounts) {
  house.add_alias("team@example.test", {"alice@example.test", "x@elsewhere.test"});
  const Resolved team = house.resolve("Team@example.test");
  EXPECT_EQ(team.what, What::alias);
  ASSERT_EQ(team.targets.size(), 2u);
  EXPECT_EQ(message::to_string(team.targets[1]), "x@elsewhere.test");

  house.must(house.run(house.admin().move_account("bob@example.test", "bob@new.test", true)));
  const Resolved moved = house.resolve("bob@example.test");
  EXPECT_EQ(moved.what, What::moved);
  EXPECT_EQ(moved.account.id, bob.id);
  EXPECT_TRUE(moved.account.forward);
  EXPECT_EQ(message::to_string(moved.targets.at(0)), "bob@new.test");
  house.must(house.run(house.admin().move_account("bob@example.test", "", false)));
  EXPECT_EQ(house.resolve("bob@example.test").what, What::account);
}

TEST_F(DirectoryTest, TakesTagsOffWhereTheExactAddressIsUnknown) {
  EXPECT_EQ(house.resolve("alice+lists@example.test").account.id, alice.id);
  EXPECT_EQ(house.resolve("alice+a+b@example.test").account.id, alice.id);
  EXPECT_EQ(house.resolve("nobody+x@example.test").what, What::unknown_user);
  EXPECT_EQ(house.resolve("+x@example.test").what, What::unknown_user);
  house.add_alias("alice+lists@example.test", {"bob@example.test"});
  EXPECT_EQ(house.resolve("alice+lists@example.test").what, What::alias);
}

TEST_F(DirectoryTest, PostmasterIsAlwaysSomebody) {
  EXPECT_EQ(house.resolve("postmaster@example.test").account.id, alice.id);
  EXPECT_EQ(house.resolve("PostMaster+x@EXAMPLE.test").account.id, alice.id);
  EXPECT_EQ(house.resolve(message::Address{"POSTMASTER", ""}).account.id, alice.id);
  // A domain of ours without accounts has nobody.
  EXPECT_EQ(house.resolve("postmaster@other.test").what, What::unknown_user);
  EXPECT_EQ(house.resolve("postmaster@elsewhere.test").what, What::not_local);

  house.must(house.run(house.admin().remove_account("alice@example.test")));
  EXPECT_EQ(house.resolve("postmaster@example.test").account.id, bob.id);
  house.must(house.run(house.admin().remove_account("bob@example.test")));
  EXPECT_EQ(house.resolve("postmaster@example.test").what, What::unknown_user);
  const Account carol = house.add_account("carol@example.test");
  EXPECT_EQ(house.resolve("postmaster@example.test").account.id, carol.id);

  house.add_alias("postmaster@example.test", {"carol@example.test", "x@elsewhere.test"});
  EXPECT_EQ(house.resolve("Postmaster@example.test").what, What::alias);
  EXPECT_EQ(house.resolve(message::Address{"postmaster", ""}).what, What::alias);
  const Account own = house.add_account("postmaster@other.test");
  EXPECT_EQ(house.resolve("POSTMASTER@other.test").account.id, own.id);
}

TEST_F(DirectoryTest, KnowsWhoOwnsAnAddress) {
  house.add_alias("sales@example.test", {"alice@example.test"});
  house.add_alias("shop@other.test", {"sales@example.test"});
  house.add_alias("both@example.test", {"alice@example.test", "bob@example.test"});
  house.add_alias("loop@example.test", {"pool@example.test"});
  house.add_alias("pool@example.test", {"loop@example.test"});
  house.add_alias("away@example.test", {"x@elsewhere.test"});
  for (const char* address : {"alice@example.test", "ALICE@example.TEST", "alice+x@example.test",
                              "sales@example.test", "shop@other.test", "postmaster@example.test"})
    EXPECT_TRUE(owns(alice, address)) << address;
  for (const char* address :
       {"bob@example.test", "both@example.test", "loop@example.test", "away@example.test",
        "nobody@example.test", "alice@elsewhere.test", "alice@other.test"})
    EXPECT_FALSE(owns(alice, address)) << address;
  EXPECT_FALSE(owns(bob, "postmaster@example.test"));
  // A moved account still writes as itself.
  house.must(house.run(house.admin().move_account("alice@example.test", "a@new.test", false)));
  EXPECT_TRUE(owns(alice, "alice@example.test"));
}

TEST_F(DirectoryTest, FindsAccountsById) {
  const auto found = house.run(house.identity->directory().account(alice.id, house.soon()));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, alice.id);
  EXPECT_EQ(house.run(house.identity->directory().account("x", house.soon())).error().kind,
            Kind::not_found);
  house.must(house.run(house.admin().remove_account("alice@example.test")));
  EXPECT_EQ(house.run(house.identity->directory().account(alice.id, house.soon())).error().kind,
            Kind::not_found);
}

TEST_F(DirectoryTest, AnswersFromMemoryWithoutTheStore) {
  store::testing::FailingStore mortal(*house.store, {.at = 0});
  house.restart(&mortal);
  const std::vector<std::string> addresses = {"alice@example.test", "nobody@example.test",
                                              "x@elsewhere.test", "postmaster@example.test"};
  std::vector<What> before;
  for (const std::string& address : addresses) before.push_back(house.resolve(address).what);
  ASSERT_TRUE(house.run(house.identity->directory().account(alice.id, house.soon())));

  EXPECT_FALSE(house.run(mortal.commit("d/000", {}, {})));
  ASSERT_TRUE(mortal.dead());  // from now on every read fails
  for (std::size_t i = 0; i < addresses.size(); ++i)
    EXPECT_EQ(house.resolve(addresses[i]).what, before[i]) << addresses[i];
  EXPECT_TRUE(house.run(house.identity->directory().account(alice.id, house.soon())));
  auto fresh =
      house.run(house.identity->directory().resolve(at("fresh@example.test"), house.soon()));
  ASSERT_FALSE(fresh);
  EXPECT_EQ(fresh.error().kind, Kind::unavailable);
}

TEST_F(DirectoryTest, SeesChangesOfAnotherProcessAfterAWhile) {
  const auto other = make_identity(*house.store, house.world, [](Event) {});
  EXPECT_EQ(house.resolve("carol@example.test").what, What::unknown_user);
  EXPECT_EQ(house.resolve("x@third.test").what, What::not_local);
  ASSERT_TRUE(house.run(other->administration().add_account("carol@example.test", "pw")));
  ASSERT_TRUE(house.run(other->administration().add_domain("third.test")));
  EXPECT_EQ(house.resolve("carol@example.test").what, What::unknown_user);
  house.world.run(kDirectoryCacheAge + std::chrono::seconds(1));
  EXPECT_EQ(house.resolve("carol@example.test").what, What::account);
  EXPECT_EQ(house.resolve("x@third.test").what, What::unknown_user);
}

TEST_F(DirectoryTest, TimesOut) {
  auto late = house.run(
      house.identity->directory().resolve(at("fresh@example.test"), house.world.clock.now()));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, Kind::timed_out);
}

}  // namespace
}  // namespace ph::identity
