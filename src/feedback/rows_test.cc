#include "feedback/rows.h"

#include <gtest/gtest.h>

namespace ph::feedback {
namespace {

std::string hex(std::string_view octets) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : octets) {
    out += kDigits[static_cast<std::uint8_t>(c) >> 4];
    out += kDigits[static_cast<std::uint8_t>(c) & 15];
  }
  return out;
}

// The examples of docs/formats/feedback.md.
TEST(FeedbackRows, AreAsTheFormatsPageSays) {
  Group group{.domain = "a.test", .record = "v=DMARC1", .part = 1};
  group.begin = wall_of(1000);
  group.end = wall_of(2000);
  group.messages = 3;
  group.rows = 2;
  group.omitted = 1;
  group.done = {"mailto:r@a.test"};
  group.claimant = "m1";
  group.claimed_until = wall_of(3000);
  const std::string octets = format_group(group);
  EXPECT_EQ(hex(octets),
            "010106612e746573740208763d444d41524331030101"
            "0402d00f0502a01f060103070102080101090f6d61696c746f3a7240612e74657374"
            "0a026d310b02f02e");
  const auto read = parse_group(octets);
  ASSERT_TRUE(read);
  EXPECT_EQ(format_group(*read), octets);

  EXPECT_EQ(hex(format_totals({.groups = 1, .rows = 300})), "010101010202ac02");

  mailauth::DmarcReport::Row row{.source_ip = "192.0.2.1",
                                 .count = 3,
                                 .disposition = "none",
                                 .dkim = "fail",
                                 .spf = "pass",
                                 .reasons = {{"other", ""}},
                                 .header_from = "a.b",
                                 .envelope_from = "",
                                 .dkim_results = {{"c.d", "s", "fail", ""}},
                                 .spf_results = {{"a.b", "mfrom", "pass", ""}}};
  const std::string packed = format_row(row);
  EXPECT_EQ(hex(packed),
            "0101093139322e302e322e3102010303046e6f6e6504046661696c0504706173730603612e620700"
            "08056f7468657209000a03632e640b01730c046661696c0d03612e620e056d66726f6d0f0470617373");
  const auto again = parse_row(packed);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, row);
}

TEST(FeedbackRows, ThatAreDamagedOrNewerAreCorrupt) {
  EXPECT_EQ(parse_group("").error().kind, Kind::corrupt);
  EXPECT_EQ(parse_group("\x02").error().kind, Kind::corrupt);
  EXPECT_EQ(parse_group("\x01").error().kind, Kind::corrupt);
  EXPECT_EQ(parse_row("\x01\x01\x09x").error().kind, Kind::corrupt);
  EXPECT_EQ(parse_totals("\x01\x01").error().kind, Kind::corrupt);
}

TEST(FeedbackRows, KeysLeadBack) {
  EXPECT_EQ(day_key(20779), "d/020779");
  EXPECT_EQ(parse_day_key("d/020779"), 20779u);
  EXPECT_EQ(parse_day_key("d/000000"), 0u);
  EXPECT_FALSE(parse_day_key("x"));
  EXPECT_EQ(slot_partition(20779, 15), "f/20779/f");
  EXPECT_EQ(group_id("a", "b").size(), 26u);
  EXPECT_NE(group_id("a", "bc"), group_id("ab", "c"));
  EXPECT_LT(slot_of("a.test"), kFeedbackSlots);
}

}  // namespace
}  // namespace ph::feedback
