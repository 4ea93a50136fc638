#include "explain/journey.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/testing/conformance.h"
#include "explain/journey_text.h"

namespace ph::explain {
namespace {

using boost::json::value;

Journey journey_of(std::string_view header, std::optional<Wall> now = {}) {
  const message::Header read = message::parse_header(header);
  return trace(read.fields(), {.now = now, .own_domains = {}});
}

bool has(const Journey& journey, std::string_view code) {
  return std::ranges::find(journey.findings, code, &JourneyFinding::code) != journey.findings.end();
}

struct JourneyCase : ::testing::TestWithParam<value> {};

/// A case: the lines of a header; what is to come of it.
TEST_P(JourneyCase, Conforms) {
  const value& one = GetParam();
  std::string header;
  for (const value& line : one.at("header").as_array())
    header += std::string(line.as_string()) + "\r\n";
  header += "\r\n";
  const Journey journey = journey_of(header, wall_of(1767225600000));  // 2026-01-01
  std::string delays, trusted, slow, ahead;
  for (const JourneyHop& hop : journey.hops) {
    delays += hop.delay ? fmt::format("{} ", hop.delay->count() / 1000) : "- ";
    trusted += hop.trusted ? 'T' : '.';
    slow += hop.slow ? 'S' : '.';
    ahead += fmt::format("{} ", hop.clock_ahead.count() / 1000);
  }
  const auto expect = [&one](const char* name, const std::string& got) {
    if (ph::testing::has(one, name)) {
      EXPECT_EQ(got, ph::testing::text(one, name)) << name;
    }
  };
  expect("delays", delays);
  expect("trusted", trusted);
  expect("slow", slow);
  expect("ahead", ahead);
  std::string codes;
  for (const JourneyFinding& finding : journey.findings)
    codes += fmt::format("{}{}:{} ", finding.code,
                         finding.hop ? fmt::format("@{}", *finding.hop + 1) : "",
                         to_string(finding.severity));
  expect("findings", codes);
  if (journey.last_trusted) {
    EXPECT_FALSE(journey.trust_reason.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(File, JourneyCase,
                         ::testing::ValuesIn(ph::testing::cases("explain/journey.json")),
                         ph::testing::CaseName());

constexpr std::string_view kSample =
    "Return-Path: <a@sender.test>\r\nDelivered-To: bob@example.test\r\n"
    "Received: from out.sender.test (out.sender.test [192.0.2.7])\r\n by mx.example.test (Postfix) "
    "with ESMTPS id ABC\r\n for <bob@example.test>; Mon, 1 Dec 2025 10:00:05 +0000\r\n"
    "Authentication-Results: mx.example.test; spf=pass smtp.mailfrom=a@sender.test; dkim=fail\r\n"
    "Received: from [10.0.0.3] (unknown [198.51.100.9])\r\n by out.sender.test with ESMTPSA id "
    "DEF; "
    "Mon, 1 Dec 2025 10:00:01 +0000\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; d=sender.test; s=one; h=from:to; b=x\r\n"
    "Date: Mon, 1 Dec 2025 10:00:00 +0000\r\nFrom: A <a@sender.test>\r\nSubject: hi <b>\r\n\r\n";

TEST(Journey, KnowsWhatTheHeaderRecords) {
  const Journey journey = journey_of(kSample);
  EXPECT_EQ(journey.delivery.return_path, "a@sender.test");
  EXPECT_EQ(journey.delivery.delivered_to, std::vector<std::string>{"bob@example.test"});
  ASSERT_EQ(journey.hops.size(), 2U);
  EXPECT_EQ(journey.hops[0].line.ip, "198.51.100.9");
  EXPECT_EQ(journey.hops[1].line.protocol, "ESMTPS");
  EXPECT_EQ(journey.last_trusted, 1U);
  EXPECT_EQ(journey.total, std::chrono::seconds(5));
  ASSERT_EQ(journey.signatures.size(), 1U);
  EXPECT_EQ(journey.signatures[0].domain, "sender.test");
  EXPECT_EQ(journey.signatures[0].fields, (std::vector<std::string>{"from", "to"}));
  ASSERT_EQ(journey.auth.size(), 1U);
  // It stands below the line of its own server: whoever sent the message may have written it.
  EXPECT_FALSE(journey.auth[0].trusted);
  EXPECT_FALSE(has(journey, "auth-fail"));
}

TEST(Journey, TrustsResultsAboveTheBorder) {
  const std::string above =
      "Authentication-Results: mx.example.test; dmarc=fail header.from=x.test\r\n" +
      std::string(kSample);
  const Journey journey = journey_of(above);
  ASSERT_EQ(journey.auth.size(), 2U);
  EXPECT_TRUE(journey.auth[0].trusted);
  EXPECT_TRUE(has(journey, "auth-fail"));
}

TEST(Journey, EveryPrefixHasAnAnswer) {
  for (std::size_t octets = 0; octets <= kSample.size(); ++octets) {
    const Journey journey = journey_of(kSample.substr(0, octets));
    EXPECT_LE(journey.hops.size(), 2U);
    EXPECT_EQ(journey.hops.empty(), !journey.last_trusted.has_value());
  }
}

TEST(Journey, ReadsAtMostSoManyHops) {
  std::string header;
  for (std::size_t i = 0; i < kJourneyHopsMax + 5; ++i)
    header += fmt::format("Received: by h{}.test; Mon, 1 Dec 2025 10:00:00 +0000\r\n", i);
  const Journey journey = journey_of(header);
  EXPECT_EQ(journey.hops.size(), kJourneyHopsMax);
  EXPECT_TRUE(has(journey, "too-many-hops"));
}

TEST(Journey, DrawsNothingThatActs) {
  const std::string hostile =
      "Received: from \x1b[31m<script>alert(1)</script> ([192.0.2.1]) by x\xc2\x9b.test; Mon, 1 "
      "Dec "
      "2025 10:00:00 +0000\r\nSubject: \xe2\x80\xae\"><img src=x>\r\n\r\n";
  const Journey journey = journey_of(hostile);
  const std::string text = journey_text(journey, {});
  for (const std::string_view bad : {"\x1b", "\xc2\x9b", "\xe2\x80\xae"})
    EXPECT_EQ(text.find(bad), text.npos);
  const std::string page = journey_html(journey);
  EXPECT_EQ(page.find("<script"), page.npos);
  EXPECT_EQ(page.find("<img"), page.npos);
  EXPECT_NE(page.find("&lt;img"), page.npos);
  EXPECT_NE(page.find("<svg"), page.npos);
}

// RFC 6532: host names in the header may be UTF-8.
TEST(Journey, LabelsBarsWithNamesOfAnyLetters) {
  const auto page_of = [](const std::string& host) {
    return journey_html(
        journey_of("Received: by " + host + "; Mon, 1 Dec 2025 10:00:00 +0000\r\n"));
  };
  EXPECT_NE(page_of("mail.\u043f\u043e\u0447\u0442\u0430")
                .find(">1. mail.\u043f\u043e\u0447\u0442\u0430</text>"),
            std::string::npos);
  std::string letters, label = ">1. ";
  for (int i = 0; i < 40; ++i) letters += "\u0436";
  for (int i = 0; i < 20; ++i) label += "\u0436";
  EXPECT_NE(page_of(letters + ".test").find(label + "</text>"), std::string::npos);
  EXPECT_NE(page_of("x" + letters + ".test").find("</text>"), std::string::npos);
}

TEST(Journey, DrawsABarForEachHop) {
  const std::string text = journey_text(journey_of(kSample), {});
  EXPECT_NE(text.find("  1 2025-12-01 10:00:01"), text.npos) << text;
  EXPECT_NE(text.find("  2 2025-12-01 10:00:05"), text.npos) << text;
  EXPECT_NE(text.find("+4 s .....####"), text.npos) << text;
  EXPECT_NE(journey_text(journey_of(kSample), {.colour = true}).find("█"), std::string::npos);
}

TEST(Journey, KnowsOrganisations) {
  EXPECT_EQ(organization_of("mx1.Example.TEST."), "example.test");
  EXPECT_EQ(organization_of("a.b.example.co.uk"), "example.co.uk");
  EXPECT_EQ(organization_of("localhost"), "");
  EXPECT_EQ(organization_of("[192.0.2.1]"), "");
  EXPECT_EQ(organization_of("2001:db8::1"), "");
  EXPECT_TRUE(is_inside_ip("10.1.2.3"));
  EXPECT_TRUE(is_inside_ip("172.31.0.1"));
  EXPECT_FALSE(is_inside_ip("172.32.0.1"));
  EXPECT_TRUE(is_inside_ip("fe80::1"));
  EXPECT_TRUE(is_inside_ip("fd00::1"));
  EXPECT_TRUE(is_inside_ip("::1"));
  EXPECT_FALSE(is_inside_ip("2001:db8::1"));
}

}  // namespace
}  // namespace ph::explain
