#include <gtest/gtest.h>

#include "identity/records.h"
#include "identity/testing/house.h"

namespace ph::identity {
namespace {

using testing::House;

template <class T>
Kind kind(const Result<T>& result) {
  EXPECT_FALSE(result);
  return result ? Kind::cancelled : result.error().kind;
}

std::vector<std::string> names(const std::vector<Account>& accounts) {
  std::vector<std::string> out;
  for (const Account& account : accounts) out.push_back(message::to_string(account.address));
  return out;
}
using Names = std::vector<std::string>;

TEST(Administration, KeepsDomainsInOrder) {
  House house;
  for (const char* name : {"zeta.test", "Alpha.test", "mid.test"}) house.add_domain(name);
  EXPECT_EQ(kind(house.run(house.admin().add_domain("ZETA.test."))), Kind::conflict);
  EXPECT_EQ(kind(house.run(house.admin().add_domain("no domain"))), Kind::malformed);
  auto domains = house.run(house.admin().domains());
  ASSERT_TRUE(domains);
  ASSERT_EQ(domains->size(), 3u);
  EXPECT_EQ((*domains)[0].name, "zeta.test");
  EXPECT_EQ((*domains)[1].name, "alpha.test");
  EXPECT_EQ((*domains)[2].name, "mid.test");
  house.must(house.run(house.admin().remove_domain("zeta.test", false)));
  house.add_domain("zeta.test");
  EXPECT_EQ(house.run(house.admin().domains())->front().name, "alpha.test");
  EXPECT_EQ(kind(house.run(house.admin().remove_domain("none.test", true))), Kind::not_found);
}

TEST(Administration, RefusesToRemoveADomainInUse) {
  House house;
  house.add_domain("a.test");
  house.add_domain("b.test");
  house.add_account("x@a.test");
  house.add_account("y@a.test");
  house.add_alias("z@a.test", {"x@a.test"});
  house.add_account("x@b.test");
  EXPECT_EQ(kind(house.run(house.admin().remove_domain("a.test", false))), Kind::refused);
  EXPECT_EQ(house.resolve("x@a.test").what, Resolved::What::account);
  house.must(house.run(house.admin().remove_domain("a.test", true)));
  EXPECT_EQ(house.resolve("x@a.test").what, Resolved::What::not_local);
  EXPECT_EQ(names(house.run(house.admin().accounts("")).value()), Names{"x@b.test"});
  // Nothing of it comes back with its name.
  house.add_domain("a.test");
  EXPECT_EQ(house.resolve("x@a.test").what, Resolved::What::unknown_user);
  EXPECT_EQ(house.resolve("z@a.test").what, Resolved::What::unknown_user);
  EXPECT_EQ(house.resolve("postmaster@a.test").what, Resolved::What::unknown_user);
}

TEST(Administration, AddsListsAndRemovesAccounts) {
  House house;
  house.add_domain("a.test");
  house.add_domain("b.test");
  const Account bob = house.add_account("bob@a.test");
  house.add_account("Alice@a.test");
  house.add_account("carol@b.test");
  EXPECT_EQ(kind(house.run(house.admin().add_account("BOB@A.test", "pw"))), Kind::conflict);
  EXPECT_EQ(kind(house.run(house.admin().add_account("x@none.test", "pw"))), Kind::not_found);
  EXPECT_EQ(kind(house.run(house.admin().add_account("x", "pw"))), Kind::malformed);
  EXPECT_EQ(kind(house.run(house.admin().add_account("x@a.test", ""))), Kind::malformed);
  EXPECT_EQ(kind(house.run(house.admin().add_account(
                "x@a.test", std::string(crypto::kPasswordOctetsMax + 1, 'x')))),
            Kind::over_limit);
  EXPECT_EQ(names(house.run(house.admin().accounts("")).value()),
            (Names{"Alice@a.test", "bob@a.test", "carol@b.test"}));
  EXPECT_EQ(names(house.run(house.admin().accounts("B.test")).value()), Names{"carol@b.test"});
  EXPECT_EQ(kind(house.run(house.admin().accounts("none.test"))), Kind::not_found);
  EXPECT_EQ(house.run(house.admin().show_account("bob@A.TEST"))->id, bob.id);
  house.must(house.run(house.admin().remove_account("bob@a.test")));
  EXPECT_EQ(kind(house.run(house.admin().show_account("bob@a.test"))), Kind::not_found);
  EXPECT_EQ(kind(house.run(house.admin().remove_account("bob@a.test"))), Kind::not_found);
  EXPECT_NE(house.add_account("bob@a.test").id, bob.id);
}

TEST(Administration, ChangesAccounts) {
  House house;
  house.add_domain("a.test");
  house.add_account("bob@a.test");
  house.must(house.run(house.admin().set_quota("bob@a.test", 1000)));
  house.must(house.run(house.admin().set_state("bob@a.test", AccountState::disabled)));
  Account bob = house.resolve("bob@a.test").account;
  EXPECT_EQ(bob.quota_octets, 1000u);
  EXPECT_EQ(bob.state, AccountState::disabled);
  house.must(house.run(house.admin().set_quota("bob@a.test", std::nullopt)));
  house.must(house.run(house.admin().set_state("bob@a.test", AccountState::active)));
  bob = house.resolve("bob@a.test").account;
  EXPECT_FALSE(bob.quota_octets);
  EXPECT_EQ(bob.state, AccountState::active);
  EXPECT_EQ(kind(house.run(house.admin().move_account("bob@a.test", "BOB@a.test", true))),
            Kind::refused);
  EXPECT_EQ(kind(house.run(house.admin().move_account("bob@a.test", "nowhere", true))),
            Kind::malformed);
  EXPECT_EQ(kind(house.run(house.admin().set_quota("none@a.test", 1))), Kind::not_found);
}

TEST(Administration, AddsListsAndRemovesAliases) {
  House house;
  house.add_domain("a.test");
  house.add_account("bob@a.test");
  house.add_alias("all@a.test", {"bob@a.test", "x@other.test", "bob@a.test"});
  EXPECT_EQ(kind(house.run(house.admin().add_alias("ALL@a.test", {"x@b.test"}))), Kind::conflict);
  EXPECT_EQ(kind(house.run(house.admin().add_alias("bob@a.test", {"x@b.test"}))), Kind::conflict);
  EXPECT_EQ(kind(house.run(house.admin().add_alias("x@none.test", {"x@b.test"}))), Kind::not_found);
  EXPECT_EQ(kind(house.run(house.admin().add_alias("x@a.test", {}))), Kind::malformed);
  EXPECT_EQ(kind(house.run(house.admin().add_alias("x@a.test", {"nobody"}))), Kind::malformed);
  std::vector<std::string> many(kAliasTargetsMax + 1, "x@b.test");
  EXPECT_EQ(kind(house.run(house.admin().add_alias("x@a.test", many))), Kind::over_limit);
  EXPECT_EQ(kind(house.run(house.admin().add_account("all@a.test", "pw"))), Kind::conflict);

  auto aliases = house.run(house.admin().aliases("a.test"));
  ASSERT_TRUE(aliases);
  ASSERT_EQ(aliases->size(), 1u);
  EXPECT_EQ(aliases->front().address, "all@a.test");
  EXPECT_EQ(aliases->front().targets, (Names{"bob@a.test", "x@other.test"}));
  EXPECT_EQ(kind(house.run(house.admin().remove_alias("bob@a.test"))), Kind::not_found);
  EXPECT_EQ(kind(house.run(house.admin().show_account("all@a.test"))), Kind::not_found);
  house.must(house.run(house.admin().remove_alias("all@a.test")));
  EXPECT_EQ(house.resolve("all@a.test").what, Resolved::What::unknown_user);
}

TEST(Administration, TellsWhatItDid) {
  House house;
  house.add_domain("a.test");
  house.add_account("bob@a.test", "a secret word");
  ASSERT_EQ(house.events.size(), 2u);
  EXPECT_EQ(house.events[0].why, "domain a.test added");
  EXPECT_EQ(house.events[1].stage, Stage::administer);
  EXPECT_EQ(house.events[1].outcome, Outcome::done);
  EXPECT_EQ(house.events[1].recipient, "bob@a.test");
  for (const Event& event : house.events)
    EXPECT_EQ(format_event(event).find("secret"), std::string::npos);
}

// Commands of two administrators at once must not mix: the second account of an address loses.
TEST(Administration, TakesOneCallAtATime) {
  House house;
  house.add_domain("a.test");
  std::vector<Kind> failed;
  int added = 0, ended = 0;
  const auto add = [](House& in, std::vector<Kind>& kinds, int& good, int& all) -> Task<void> {
    auto account = co_await in.admin().add_account("bob@a.test", "pw");
    if (account) ++good;
    if (!account) kinds.push_back(account.error().kind);
    ++all;
  };
  for (int i = 0; i < 5; ++i) house.world.spawn(add(house, failed, added, ended));
  ASSERT_TRUE(house.world.run_until([&] { return ended == 5; }));
  EXPECT_EQ(added, 1);
  EXPECT_EQ(failed, std::vector<Kind>(4, Kind::conflict));
}

TEST(Administration, LeavesOutOneDamagedRecord) {
  House house;
  house.add_domain("a.test");
  house.add_account("good@a.test");
  const Account bad = house.add_account("bad@a.test");
  store::Batch batch;
  batch.puts.push_back({"account/" + bad.id, "\x7f"});
  ASSERT_TRUE(house.run(house.store->commit(directory_slot(bad.id), std::move(batch))));
  house.restart();
  EXPECT_EQ(names(house.run(house.admin().accounts("")).value()), Names{"good@a.test"});
  EXPECT_TRUE(house.world.sim_log().has("version this program does not know"));
  auto found =
      house.run(house.identity->directory().resolve(testing::at("bad@a.test"), house.soon()));
  EXPECT_EQ(kind(found), Kind::corrupt);
}

}  // namespace
}  // namespace ph::identity
