// One domain, whether its labels are written in UTF-8 or in ASCII: RFC 5890 §2.3.2.
#include <gtest/gtest.h>

#include "identity/keyring.h"
#include "identity/records.h"
#include "identity/testing/house.h"

namespace ph::identity {
namespace {

using testing::at;
using testing::House;
using What = Resolved::What;

constexpr const char* kWithU = "bücher.test";
constexpr const char* kWithA = "xn--bcher-kva.test";

/// The domain is added in one spelling and used in the other; and the other way round.
struct Spellings : ::testing::TestWithParam<bool> {
  Spellings() {
    house.add_domain(GetParam() ? kWithU : kWithA);
    alice = house.add_account("alice@" + other);
  }
  bool owns(const Account& account, const std::string& address) {
    auto owns = house.run(house.identity->directory().owns(account.id, at(address), house.soon()));
    EXPECT_TRUE(owns);
    return owns && *owns;
  }

  House house;
  const std::string other = GetParam() ? kWithA : kWithU;
  Account alice;
};

TEST_P(Spellings, AreOneDomain) {
  for (const char* name : {kWithU, kWithA, "BÜCHER.test", "XN--bcher-KVA.test"}) {
    const auto again = house.run(house.admin().add_domain(name));
    ASSERT_FALSE(again) << name;
    EXPECT_EQ(again.error().kind, Kind::conflict) << name;
    EXPECT_EQ(house.run(house.admin().accounts(name))->size(), 1u) << name;
  }
  ASSERT_EQ(house.run(house.admin().domains())->size(), 1u);
  EXPECT_EQ(house.run(house.admin().domains())->front().name, kWithA);
  EXPECT_EQ(house.run(house.admin().remove_domain(other, false)).error().kind, Kind::refused);
  house.must(house.run(house.admin().remove_domain(other, true)));
  EXPECT_TRUE(house.run(house.admin().domains())->empty());
  EXPECT_EQ(house.resolve(at("alice@" + other)).what, What::not_local);
}

TEST_P(Spellings, LeadToOneAccount) {
  EXPECT_EQ(message::to_string(alice.address), "alice@xn--bcher-kva.test");
  const Account bob = house.add_account(std::string("bob@") + kWithU);
  for (const char* domain : {kWithU, kWithA}) {
    SCOPED_TRACE(domain);
    const std::string address = std::string("alice@") + domain;
    EXPECT_EQ(house.run(house.admin().add_account(address, "x")).error().kind, Kind::conflict);
    EXPECT_EQ(house.resolve(address).account.id, alice.id);
    EXPECT_EQ(house.resolve(std::string("Alice+tag@") + domain).account.id, alice.id);
    EXPECT_EQ(house.resolve(std::string("postmaster@") + domain).account.id, alice.id);
    EXPECT_EQ(house.resolve(std::string("nobody@") + domain).what, What::unknown_user);
    EXPECT_TRUE(owns(alice, address));
    EXPECT_FALSE(owns(bob, address));
    EXPECT_EQ(house.run(house.admin().show_account(address))->id, alice.id);
    EXPECT_EQ(house.login(address, "secret")->what, LoginResult::What::ok);
    house.must(house.run(house.admin().set_quota(address, 1000)));
    EXPECT_EQ(house.run(house.admin().move_account(address, "alice@" + other, true)).error().kind,
              Kind::refused);
  }
  EXPECT_EQ(house.resolve("alice@sub." + other).what, What::not_local);
  house.must(house.run(house.admin().remove_account("alice@" + other)));
  for (const char* domain : {kWithU, kWithA})
    EXPECT_EQ(house.resolve(std::string("alice@") + domain).what, What::unknown_user) << domain;
}

TEST_P(Spellings, LeadToOneAlias) {
  house.add_alias("sales@" + other, {"alice@" + other});
  for (const char* domain : {kWithU, kWithA}) {
    const std::string address = std::string("sales@") + domain;
    EXPECT_EQ(house.resolve(address).what, What::alias) << address;
    EXPECT_TRUE(owns(alice, address)) << address;
    EXPECT_EQ(house.run(house.admin().add_alias(address, {"x@b.test"})).error().kind,
              Kind::conflict);
    EXPECT_EQ(house.run(house.admin().aliases(domain))->size(), 1u) << domain;
  }
  house.must(house.run(house.admin().remove_alias("sales@" + other)));
  EXPECT_EQ(house.resolve("sales@" + other).what, What::unknown_user);
}

TEST_P(Spellings, SignWithTheSameKeys) {
  Keyring& keyring = house.identity->keyring();
  ASSERT_TRUE(house.run(keyring.rotate(other, std::chrono::seconds(0))));
  for (const char* domain : {kWithU, kWithA}) {
    const auto keys = house.run(keyring.keys(domain));
    ASSERT_TRUE(keys);
    ASSERT_EQ(keys->size(), 2u) << domain;
    for (const DomainKey& key : *keys)
      EXPECT_EQ(key.record_name, key.selector + "._domainkey." + kWithA);
    const auto signing = house.run(keyring.signing_keys(domain, house.soon()));
    ASSERT_TRUE(signing);
    ASSERT_EQ((*signing)->size(), 2u) << domain;
    EXPECT_EQ((**signing)[0].selector, (*keys)[0].selector);
  }
  const std::string first = house.run(keyring.keys(other))->front().selector;
  house.must(house.run(keyring.remove(other, first)));
  EXPECT_EQ(house.run(keyring.keys(kWithU))->size(), 1u);
  house.must(house.run(house.admin().remove_domain(other, true)));
  house.add_domain(kWithU);
  house.restart();
  EXPECT_TRUE(house.run(house.identity->keyring().keys(kWithU))->empty());
}

INSTANTIATE_TEST_SUITE_P(AddedAs, Spellings, ::testing::Bool(), [](const auto& added) {
  return std::string(added.param ? "ULabels" : "ALabels");
});

// Else whoever guesses at a password would have twice the tries.
TEST(SpellingsAtLogin, CountWrongPasswordsTogether) {
  House house({.login_failures_max = 4});
  house.add_domain(kWithU);
  house.add_account("alice@bücher.test");
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(house
                  .login(std::string("alice@") + (i % 2 == 0 ? kWithU : kWithA), "guess",
                         "192.0.2." + std::to_string(i))
                  ->what,
              LoginResult::What::wrong);
  for (const char* domain : {kWithU, kWithA})
    EXPECT_EQ(house.login(std::string("alice@") + domain, "secret")->what,
              LoginResult::What::locked)
        << domain;
}

/// A domain as a store may have it that was written before there was one spelling.
void put_domain(House& house, std::string name, std::uint64_t ordinal) {
  DomainRow row;
  row.domain.name = name;
  row.ordinal = ordinal;
  store::Batch batch;
  batch.puts.push_back({std::string(kDomainPrefix) + name, format_domain(row)});
  ASSERT_TRUE(house.run(house.store->commit(std::string(kDomainsPartition), std::move(batch), {})));
  house.restart();
}

TEST(SpellingsStored, AreFoundWhicheverItIs) {
  for (const char* stored : {kWithU, kWithA, "bÜcher.test"}) {
    SCOPED_TRACE(stored);
    House house;
    put_domain(house, stored, 1);
    const Account alice = house.add_account(std::string("alice@") + stored);
    EXPECT_EQ(message::to_string(alice.address), std::string("alice@") + stored);
    ASSERT_TRUE(house.run(house.identity->keyring().rotate(stored, std::chrono::seconds(0))));
    EXPECT_EQ(house.run(house.admin().add_domain(kWithU)).error().kind, Kind::conflict);
    EXPECT_EQ(house.resolve(std::string("alice@") + kWithA).account.id, alice.id);
    EXPECT_EQ(house.resolve(std::string("alice@") + kWithU).account.id, alice.id);
    for (const char* name : {kWithU, kWithA, stored}) {
      EXPECT_EQ(house.run(house.admin().show_account(std::string("alice@") + name))->id, alice.id);
      EXPECT_FALSE(
          (*house.run(house.identity->keyring().signing_keys(name, house.soon())))->empty())
          << name;
    }
    house.must(house.run(house.admin().remove_domain(kWithU, true)));
    EXPECT_TRUE(house.run(house.admin().domains())->empty());
  }
}

// Who writes to an address and who administers it mean the same one.
TEST(SpellingsStored, OfTwoDomainsTheOlderHasTheSpellingThatNeitherHas) {
  House house;
  put_domain(house, "bÜcher.test", 1);
  put_domain(house, kWithA, 2);
  const Account first = house.add_account("alice@bÜcher.test");
  const Account second = house.add_account(std::string("alice@") + kWithA);
  EXPECT_NE(first.id, second.id);
  EXPECT_EQ(house.resolve(std::string("alice@") + kWithU).account.id, first.id);
  EXPECT_EQ(house.run(house.admin().show_account(std::string("alice@") + kWithU))->id, first.id);
  EXPECT_EQ(house.run(house.admin().show_account(std::string("alice@") + kWithA))->id, second.id);
}

TEST(SpellingsAdded, AFalseALabelIsTheDomainThatItSays) {
  House house;
  house.add_domain("xn--bcher-2pa.test");  // Punycode of "bÜcher"
  const Account alice = house.add_account("alice@xn--bcher-2pa.test");
  EXPECT_EQ(house.resolve("alice@xn--bcher-2pa.test").account.id, alice.id);
  EXPECT_EQ(house.resolve(std::string("alice@") + kWithA).what, What::not_local);
  EXPECT_EQ(house.resolve(std::string("alice@") + kWithU).what, What::not_local);
  house.add_domain(kWithU);
  EXPECT_EQ(house.run(house.admin().domains())->size(), 2u);
}

TEST(SpellingsStored, OfTwoDomainsEachKeepsItsOwnAddresses) {
  House house;
  put_domain(house, kWithU, 1);
  put_domain(house, kWithA, 2);
  const Account first = house.add_account(std::string("alice@") + kWithU);
  const Account second = house.add_account(std::string("alice@") + kWithA);
  EXPECT_NE(first.id, second.id);
  EXPECT_EQ(house.resolve(std::string("alice@") + kWithU).account.id, first.id);
  EXPECT_EQ(house.resolve(std::string("alice@") + kWithA).account.id, second.id);
  // One of them goes, and with it what was in it; the other is both from then on.
  house.must(house.run(house.admin().remove_domain(kWithA, true)));
  EXPECT_EQ(house.resolve(std::string("alice@") + kWithA).account.id, first.id);
}

}  // namespace
}  // namespace ph::identity
