#include "message/header_scan.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/testing/conformance.h"

namespace ph::message {
namespace {

struct HeaderCase : ::testing::TestWithParam<boost::json::value> {};

// The network picks the cuts, not us: every one must give the same facts.
TEST_P(HeaderCase, ConformsAtEverySplit) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC 5322 §" + ph::testing::text(one, "spec"));
  const std::string in = ph::testing::text(one, "in");
  for (std::size_t cut = 0; cut <= in.size(); ++cut) {
    SCOPED_TRACE(cut);
    HeaderScan scan;
    scan.feed(std::string_view(in).substr(0, cut));
    scan.feed(std::string_view(in).substr(cut));
    scan.finish();
    EXPECT_EQ(scan.header_octets(), one.at("octets").to_number<std::uint64_t>());
    EXPECT_EQ(scan.message_id(), ph::testing::text(one, "message-id"));
    std::string has;
    if (scan.has_date()) has += "D";
    if (scan.has_from()) has += "F";
    if (scan.has_message_id()) has += "M";
    if (scan.has_return_path()) has += "P";
    has.append(scan.received_count(), 'R');
    EXPECT_EQ(has, ph::testing::text(one, "has"));
  }
}

INSTANTIATE_TEST_SUITE_P(File, HeaderCase,
                         ::testing::ValuesIn(ph::testing::cases("message/header_scan.json")),
                         ph::testing::CaseName());

TEST(HeaderScan, IsCompleteAtTheEmptyLineAndIgnoresTheBody) {
  HeaderScan scan;
  scan.feed("Date: x\r\n\r");
  EXPECT_FALSE(scan.complete());
  scan.feed("\nReceived: body\r\n");
  EXPECT_TRUE(scan.complete());
  EXPECT_EQ(scan.received_count(), 0u);
  EXPECT_EQ(scan.header_octets(), 11u);
}

TEST(HeaderScan, SaysThatTheFirstLineIsAContinuation) {
  const auto begins_folded = [](std::string_view in) {
    HeaderScan scan;
    scan.feed(in);
    return scan.begins_folded();
  };
  EXPECT_TRUE(begins_folded(" A: x\r\n"));
  EXPECT_TRUE(begins_folded("\t"));
  EXPECT_FALSE(begins_folded("A: x\r\n y\r\n"));
  EXPECT_FALSE(begins_folded("no field\r\n y\r\n"));
  EXPECT_FALSE(begins_folded("\r\n y\r\n"));
}

TEST(HeaderScan, KeepsTheBeginningOfAnEndlessMessageId) {
  HeaderScan scan;
  scan.feed("Message-ID: <");
  for (int i = 0; i < 1000; ++i) scan.feed("xxxxxxxxxx");
  scan.feed(">\r\n\r\n");
  EXPECT_EQ(scan.message_id(), std::string(kMessageIdOctetsMax, 'x'));
}

TEST(HeaderScan, KeepsWhereItWasDeliveredToAtEverySplit) {
  const std::string in =
      "Delivered-To: A@Example.test\r\nReceived: x\r\nDelivered-To:\r\n <b@example.test>\r\n"
      "delivered-to : a@example.test\nDelivered-To: nobody\r\nX-Delivered-To: c@example.test\r\n"
      "Delivered-To: \xc3\xbc@example.test\r\n\r\nDelivered-To: body@example.test\r\n";
  for (std::size_t cut = 0; cut <= in.size(); ++cut) {
    SCOPED_TRACE(cut);
    HeaderScan scan;
    scan.feed(std::string_view(in).substr(0, cut));
    scan.feed(std::string_view(in).substr(cut));
    scan.finish();
    EXPECT_EQ(scan.delivered_to(), (std::vector<std::string>{"a@example.test", "b@example.test",
                                                             "\xc3\xbc@example.test"}));
  }
  HeaderScan endless;
  for (int i = 0; i < 1000; ++i)
    endless.feed("Delivered-To: " + std::to_string(i) + "@example.test\r\n");
  EXPECT_EQ(endless.delivered_to().size(), kDeliveredToMax);
}

TEST(HeaderScan, CountsAThousandHops) {
  HeaderScan scan;
  for (int i = 0; i < 1000; ++i) scan.feed("Received: from a\r\n\tby b\r\n");
  EXPECT_EQ(scan.received_count(), 1000u);
}

}  // namespace
}  // namespace ph::message
