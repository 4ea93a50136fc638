// docs/states/account.md, row by row: the process dies at each commit of each change, with that
// commit applied or not. Afterwards an account is there as a whole or not at all.
#include <gtest/gtest.h>

#include <algorithm>

#include "identity/testing/house.h"
#include "store/testing/failing_store.h"

namespace ph::identity {
namespace {

using store::testing::FailingStore;
using testing::House;
using What = Resolved::What;

/// Everything that must agree about one address, whatever happened to it.
bool is_there(House& house, const std::string& address) {
  const Resolved found = house.resolve(address);
  const auto listed = house.run(house.admin().accounts(""));
  EXPECT_TRUE(listed);
  const auto same = [&](const Account& account) {
    return message::to_string(account.address) == address;
  };
  const bool there = found.what == What::account;
  EXPECT_EQ(std::ranges::count_if(*listed, same), there ? 1 : 0) << address;
  if (there) {
    EXPECT_EQ(house.run(house.identity->directory().account(found.account.id, house.soon()))->id,
              found.account.id);
  }
  return there;
}

/// Runs `work` on a house that dies at change `n`; false when `n` lay behind its end.
template <class Work>
bool dies_at(House& house, std::uint64_t n, bool applied, Work work) {
  FailingStore mortal(*house.store, {.at = n, .apply_last = applied});
  house.restart(&mortal);
  work(house);
  house.restart();
  return mortal.dead();
}

template <class Check>
void each_crash(Check check) {
  for (const bool applied : {false, true}) {
    for (std::uint64_t n = 0, more = true; more; ++n) {
      SCOPED_TRACE(::testing::Message() << "dies at commit " << n << " applied " << applied);
      ASSERT_LT(n, 20u);
      more = check(n, applied);
    }
  }
}

TEST(AccountCrash, WhileAFirstAccountIsAdded) {
  each_crash([](std::uint64_t n, bool applied) {
    House house;
    house.add_domain("a.test");
    bool acknowledged = false;
    const bool died = dies_at(house, n, applied, [&](House& in) {
      acknowledged = in.run(in.admin().add_account("bob@a.test", "secret")).has_value();
    });
    const bool there = is_there(house, "bob@a.test");
    EXPECT_TRUE(there || !acknowledged);
    const auto login = house.login("bob@a.test", "secret");
    EXPECT_EQ(login->what, there ? LoginResult::What::ok : LoginResult::What::wrong);
    EXPECT_EQ(house.resolve("postmaster@a.test").what, there ? What::account : What::unknown_user);
    // It can be done again, and postmaster follows.
    if (!there) house.add_account("bob@a.test");
    EXPECT_EQ(house.resolve("postmaster@a.test").account.id,
              house.resolve("bob@a.test").account.id);
    return died;
  });
}

TEST(AccountCrash, WhileTheFirstOfTwoAccountsIsRemoved) {
  each_crash([](std::uint64_t n, bool applied) {
    House house;
    house.add_domain("a.test");
    house.add_account("bob@a.test");
    const Account carol = house.add_account("carol@a.test");
    bool acknowledged = false;
    const bool died = dies_at(house, n, applied, [&](House& in) {
      acknowledged = in.run(in.admin().remove_account("bob@a.test")).has_value();
    });
    const bool there = is_there(house, "bob@a.test");
    EXPECT_FALSE(there && acknowledged);
    EXPECT_EQ(house.resolve("postmaster@a.test").what, What::account);
    if (there) house.must(house.run(house.admin().remove_account("bob@a.test")));
    EXPECT_FALSE(is_there(house, "bob@a.test"));
    EXPECT_TRUE(is_there(house, "carol@a.test"));
    EXPECT_EQ(house.resolve("postmaster@a.test").account.id, carol.id);
    return died;
  });
}

TEST(AccountCrash, WhileADomainIsRemovedWithForce) {
  each_crash([](std::uint64_t n, bool applied) {
    House house;
    house.add_domain("a.test");
    house.add_domain("b.test");
    house.add_account("bob@a.test");
    house.add_alias("all@a.test", {"bob@a.test"});
    house.add_account("bob@b.test");
    const bool died = dies_at(house, n, applied, [&](House& in) {
      (void)in.run(in.admin().remove_domain("a.test", true));
    });
    is_there(house, "bob@a.test");
    if (house.run(house.admin().domains())->size() == 2)
      house.must(house.run(house.admin().remove_domain("a.test", true)));
    EXPECT_EQ(house.resolve("bob@a.test").what, What::not_local);
    house.add_domain("a.test");
    EXPECT_EQ(house.resolve("bob@a.test").what, What::unknown_user);
    EXPECT_EQ(house.resolve("all@a.test").what, What::unknown_user);
    EXPECT_TRUE(is_there(house, "bob@b.test"));
    return died;
  });
}

TEST(AccountCrash, SweepTakesWhatIsLeft) {
  House house;
  house.add_domain("a.test");
  house.add_account("carol@a.test");
  // Dies between the record and the address.
  ASSERT_TRUE(dies_at(house, 1, false, [](House& in) {
    EXPECT_FALSE(in.run(in.admin().add_account("bob@a.test", "secret")));
  }));
  EXPECT_EQ(house.run(house.identity->sweep()).value(), 0u);  // its other half may be on the way
  house.world.run(std::chrono::hours(25));
  EXPECT_EQ(house.run(house.identity->sweep()).value(), 1u);
  EXPECT_EQ(house.run(house.identity->sweep()).value(), 0u);
  EXPECT_TRUE(is_there(house, "carol@a.test"));
}

}  // namespace
}  // namespace ph::identity
