#include "identity/records.h"

#include <gtest/gtest.h>

namespace ph::identity {
namespace {

std::string octets(std::string_view hex) {
  std::string out;
  std::string digits;
  for (const char c : hex) {
    if (c == ' ') continue;
    digits.push_back(c);
    if (digits.size() < 2) continue;
    out.push_back(static_cast<char>(std::stoi(digits, nullptr, 16)));
    digits.clear();
  }
  return out;
}

TEST(Slots, AreTheSameForEver) {
  EXPECT_EQ(directory_slot(""), "d/325");  // FNV-1a's offset basis ends in 325
  EXPECT_EQ(directory_slot("alice@example.test"), "d/fdd");
  EXPECT_EQ(lock_slot("alice@example.test"), "p/fdd");
}

TEST(Records, KeysReadTheExampleOfTheirPage) {
  const auto keys =
      parse_keys(octets("01 01 01 72 02 03 50454d 03 06 8080b8e5a867"
                        " 04 06 8080b8e5a867"));
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->keys.size(), 1u);
  EXPECT_EQ(keys->keys[0].selector, "r");
  EXPECT_EQ(keys->keys[0].pem, "PEM");
  EXPECT_EQ(unix_ms(keys->keys[0].created), 1775001600000);
  EXPECT_EQ(keys->keys[0].signs_from, keys->keys[0].created);
  EXPECT_EQ(format_keys(*keys), octets("01 01 01 72 02 03 50454d 03 06 8080b8e5a867"
                                       " 04 06 8080b8e5a867"));
  EXPECT_FALSE(parse_keys(octets("01 02 03 50454d")));  // a key that nothing begins
}

// The examples of docs/formats/identity.md.
TEST(Records, ReadTheExamplesOfTheirPage) {
  const auto domain =
      parse_domain(octets("01 01 0c 6578616d 706c652e 74657374 02 06 8080b8e5a867"
                          " 03 01 01 04 02 6139"));
  ASSERT_TRUE(domain);
  EXPECT_EQ(domain->domain.name, "example.test");
  EXPECT_EQ(unix_ms(domain->domain.created), 1775001600000);
  EXPECT_EQ(domain->ordinal, 1u);
  EXPECT_EQ(domain->first_account, "a9");

  const auto account = parse_address_row(octets("01 01 02 6139 04 06 8080b8e5a867"));
  ASSERT_TRUE(account);
  EXPECT_EQ(account->account, "a9");

  const auto alias = parse_address_row(
      octets("01 02 01 61 03 06 622e74657374 02 01 63 03 06 642e74657374 04 06 8080b8e5a867"));
  ASSERT_TRUE(alias);
  ASSERT_EQ(alias->targets.size(), 2u);
  EXPECT_EQ(message::to_string(alias->targets[0]), "a@b.test");
  EXPECT_EQ(message::to_string(alias->targets[1]), "c@d.test");
  EXPECT_EQ(unix_ms(alias->created), 1775001600000);

  const auto person = parse_account(
      octets("01 01 02 6139 02 05 616c696365 03 06 622e74657374 04 01 01 05 01 64 06 01 78 07 06 "
             "792e74657374 08 01 01 09 06 8080b8e5a867 0a 04 01 01 01 24"));
  ASSERT_TRUE(person);
  EXPECT_EQ(message::to_string(person->account.address), "alice@b.test");
  EXPECT_EQ(person->account.state, AccountState::disabled);
  EXPECT_EQ(person->account.quota_octets, 100u);
  EXPECT_EQ(message::to_string(person->account.moved_to.value()), "x@y.test");
  EXPECT_TRUE(person->account.forward);
  EXPECT_EQ(person->verifier.argon2, "$");

  const auto lock = parse_lock(octets("01 01 06 8080b8e5a867"));
  ASSERT_TRUE(lock);
  EXPECT_EQ(unix_ms(lock->until), 1775001600000);
}

TEST(Records, SurviveTheRoundTrip) {
  AccountRow row;
  row.account = {
      "id",       {"A b", "example.test"}, AccountState::locked, std::nullopt, std::nullopt, false,
      wall_of(-5)};
  row.verifier.argon2 = "phc";
  const auto read = parse_account(format_account(row));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->account.address, row.account.address);
  EXPECT_EQ(read->account.state, AccountState::locked);
  EXPECT_FALSE(read->account.quota_octets);
  EXPECT_FALSE(read->account.moved_to);
  EXPECT_EQ(read->account.created, row.account.created);

  row.account.quota_octets = 0;
  row.account.moved_to = message::Address{"new", "other.test"};
  const auto moved = parse_account(format_account(row));
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->account.quota_octets, 0u);
  EXPECT_EQ(moved->account.moved_to, row.account.moved_to);
  EXPECT_FALSE(moved->account.forward);

  DomainRow domain{{"d.test", wall_of(1)}, 9, ""};
  EXPECT_EQ(parse_domain(format_domain(domain))->ordinal, 9u);
}

TEST(Records, AreNeverGuessed) {
  for (const std::string& bad :
       {std::string(), octets("02"), octets("01 01 09 61"), octets("01"), octets("00")}) {
    EXPECT_EQ(parse_domain(bad).error().kind, Kind::corrupt);
    EXPECT_EQ(parse_address_row(bad).error().kind, Kind::corrupt);
    EXPECT_EQ(parse_account(bad).error().kind, Kind::corrupt);
  }
  EXPECT_EQ(parse_lock(octets("02")).error().kind, Kind::corrupt);
  // A domain without a local part before it; an account that is an alias too; a state from the
  // future.
  EXPECT_FALSE(parse_address_row(octets("01 03 01 61")));
  EXPECT_FALSE(parse_address_row(octets("01 01 01 61 02 01 61")));
  EXPECT_FALSE(parse_account(octets("01 01 01 61 02 01 61 03 01 62 04 01 03 0a 01 01")));
}

}  // namespace
}  // namespace ph::identity
