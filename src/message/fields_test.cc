#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/testing/conformance.h"
#include "message/date.h"
#include "message/received.h"

namespace ph::message {
namespace {

struct DateCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(DateCase, Conforms) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC 5322 §" + ph::testing::text(one, "spec"));
  const auto got = parse_date(ph::testing::text(one, "in"));
  if (!ph::testing::has(one, "out")) {
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind, Kind::malformed);
    return;
  }
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_EQ(format_date(*got), ph::testing::text(one, "out"));
}

INSTANTIATE_TEST_SUITE_P(File, DateCase,
                         ::testing::ValuesIn(ph::testing::cases("message/date.json")),
                         ph::testing::CaseName());

TEST(Date, WritesAndReadsEveryDayOfFourCenturies) {
  using namespace std::chrono;
  for (sys_days day = year(1900) / 1 / 1; day < sys_days(year(2300) / 1 / 1); day += days(1)) {
    const Wall at = day + 23h + 59min + 58s;
    ASSERT_EQ(parse_date(format_date(at)).value(), at);
  }
}

TEST(Date, StaysInFourDigits) {
  EXPECT_EQ(format_date(Wall::min()), "Mon, 1 Jan 1900 00:00:00 +0000");
  EXPECT_EQ(format_date(Wall::max()), "Fri, 31 Dec 9999 23:59:59 +0000");
  EXPECT_EQ(format_date(wall_of(999)), "Thu, 1 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(format_date(wall_of(-1)), "Wed, 31 Dec 1969 23:59:59 +0000");
}

Hop hop() {
  return {.helo = "mx.example.test",
          .ip = "192.0.2.7",
          .by = "mail.example.test",
          .esmtp = true,
          .tls = true,
          .tls_version = "TLSv1.3",
          .tls_cipher = "TLS_AES_256_GCM_SHA384",
          .queue_id = "0123abc",
          .recipient = Address{"bob", "example.test"},
          .at = wall_of(1'795'287'445'000)};
}

TEST(Received, SaysWhereAMessageCameFrom) {
  EXPECT_EQ(received_field(hop()),
            "Received: from mx.example.test ([192.0.2.7])\r\n"
            "\tby mail.example.test (Posthouse) with ESMTPS\r\n"
            "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384)\r\n"
            "\tid 0123abc\r\n"
            "\tfor <bob@example.test>;\r\n"
            "\tSat, 21 Nov 2026 18:57:25 +0000\r\n");
}

TEST(Received, LeavesOutWhatIsNotSo) {
  Hop plain = hop();
  plain.tls = false;
  plain.recipient.reset();
  plain.ip = "2001:db8::7";
  plain.helo.clear();
  EXPECT_EQ(received_field(plain),
            "Received: from unknown ([IPv6:2001:db8::7])\r\n"
            "\tby mail.example.test (Posthouse) with ESMTP\r\n"
            "\tid 0123abc;\r\n"
            "\tSat, 21 Nov 2026 18:57:25 +0000\r\n");
}

TEST(Received, CannotBeForgedThroughTheName) {
  Hop evil = hop();
  evil.helo = "x) by bank.test; \r\nSubject: hi\r\n\r\n" + std::string(5000, 'y');
  const std::string field = received_field(evil);
  EXPECT_TRUE(field.starts_with("Received: from x??by?bank.test????Subject:?hi????yyy"));
  std::size_t lines = 0;
  for (std::size_t at = 0; at < field.size(); ++lines) {
    const std::size_t end = field.find("\r\n", at);
    EXPECT_LE(end - at, 998u);
    at = end + 2;
  }
  EXPECT_EQ(lines, 6u);
}

TEST(Received, NamesTheProtocol) {
  const auto with = [](bool esmtp, bool tls, bool authenticated, bool smtputf8) {
    Hop one = hop();
    one.esmtp = esmtp;
    one.tls = tls;
    one.authenticated = authenticated;
    one.smtputf8 = smtputf8;
    return std::string(with_keyword(one));
  };
  EXPECT_EQ(with(false, false, false, false), "SMTP");
  EXPECT_EQ(with(true, false, false, false), "ESMTP");
  EXPECT_EQ(with(true, true, false, false), "ESMTPS");
  EXPECT_EQ(with(true, false, true, false), "ESMTPA");
  EXPECT_EQ(with(true, true, true, false), "ESMTPSA");
  EXPECT_EQ(with(true, false, false, true), "UTF8SMTP");
  EXPECT_EQ(with(true, true, false, true), "UTF8SMTPS");
  EXPECT_EQ(with(true, false, true, true), "UTF8SMTPA");
  EXPECT_EQ(with(true, true, true, true), "UTF8SMTPSA");
}

TEST(DeliveryFields, NameSenderAndRecipient) {
  EXPECT_EQ(return_path_field({}), "Return-Path: <>\r\n");
  EXPECT_EQ(return_path_field({"a b", "x"}), "Return-Path: <\"a b\"@x>\r\n");
  EXPECT_EQ(delivered_to_field({"bob", "example.test"}), "Delivered-To: bob@example.test\r\n");
}

}  // namespace
}  // namespace ph::message
