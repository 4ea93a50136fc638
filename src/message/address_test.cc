#include "message/address.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "base/testing/conformance.h"

namespace ph::message {
namespace {

struct AddressCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(AddressCase, Conforms) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC 5321 §" + ph::testing::text(one, "spec"));
  const std::string in = ph::testing::text(one, "in");
  const auto got = parse_address(in);
  if (ph::testing::has(one, "at")) {
    ASSERT_FALSE(got) << to_string(*got);
    EXPECT_EQ(got.error().kind, Kind::malformed);
    EXPECT_EQ(got.error().detail, fmt::format("at octet {}", one.at("at").as_int64()));
    return;
  }
  ASSERT_TRUE(got) << got.error().what << " " << got.error().detail;
  EXPECT_EQ(got->local, ph::testing::text(one, "local"));
  EXPECT_EQ(got->domain, ph::testing::text(one, "domain"));
  const std::string out = to_string(*got);
  if (ph::testing::has(one, "out")) {
    EXPECT_EQ(out, ph::testing::text(one, "out"));
  }
  if (ph::testing::has(one, "key")) {
    EXPECT_EQ(directory_key(*got), ph::testing::text(one, "key"));
  }
  EXPECT_EQ(parse_address(out).value(), *got);
}

INSTANTIATE_TEST_SUITE_P(File, AddressCase,
                         ::testing::ValuesIn(ph::testing::cases("message/address.json")),
                         ph::testing::CaseName());

TEST(Address, LimitsTheWhole) {
  const std::string label = std::string(60, 'x') + ".";
  const std::string domain = label + label + label;  // 183 octets, a label is missing
  const std::string local(64, 'a');
  EXPECT_TRUE(parse_address(local + "@" + domain + std::string(6, 'x')));   // 254 octets
  EXPECT_FALSE(parse_address(local + "@" + domain + std::string(7, 'x')));  // 255 octets
  EXPECT_FALSE(parse_address("a@" + domain + label + label + "x"));         // domain of 306
}

// RFC 5890 §4.2: what counts is the length of the A-label.
TEST(Address, LimitsALabelInUtf8ByWhatTheDnsKnows) {
  std::string thai;
  for (int i = 0; i < 27; ++i) thai += "\u0e01";  // 81 octets; the A-label has some 35
  EXPECT_TRUE(parse_address("a@" + thai + ".test"));
  std::string most;
  for (int i = 0; i < 59; ++i) most += "\U00020000";
  EXPECT_TRUE(parse_address("a@" + most + ".test"));
  EXPECT_FALSE(parse_address("a@" + most + "x.test"));
  EXPECT_FALSE(parse_address("a@" + std::string(64, 'x') + ".test"));
}

TEST(Address, TakesTheLongestAddressAndLeavesTheRest) {
  std::string_view text = "\"a>b\"@x.test> SIZE=1";
  EXPECT_EQ(take_address(text).value(), (Address{"a>b", "x.test"}));
  EXPECT_EQ(text, "> SIZE=1");
  text = "postmaster>";
  EXPECT_EQ(take_address(text).value(), (Address{"postmaster", ""}));
  EXPECT_EQ(text, ">");
  text = "[192.0.2.1]:a@b";
  EXPECT_EQ(take_domain(text).value(), "[192.0.2.1]");
  EXPECT_EQ(text, ":a@b");
}

TEST(Address, ShowsNullAndPostmaster) {
  EXPECT_EQ(to_string(Address{}), "");
  EXPECT_EQ(to_string(Address{"postmaster", ""}), "postmaster");
  EXPECT_EQ(to_string(Address{"", "x"}), "\"\"@x");
}

TEST(Address, RefusesBrokenUtf8) {
  for (const char* text : {"\xc3@x", "\xc0\xaf@x", "\xed\xa0\x80@x", "\xf5\x80\x80\x80@x", "\xff@x",
                           "a@\xe2\x82", "\"\xc3\"@x", "\x80@x"}) {
    EXPECT_FALSE(parse_address(text));
  }
}

TEST(Address, KnowsWhatNeedsSmtputf8) {
  EXPECT_TRUE(is_ascii(Address{"a", "b"}));
  EXPECT_FALSE(is_ascii(Address{"\xc3\xbc", "b"}));
  EXPECT_FALSE(is_ascii(Address{"a", "b\xc3\xbc.test"}));
}

}  // namespace
}  // namespace ph::message
