// Reports as data: tests/conformance/message/report.json. ARF samples of RFC 5965 and RFC 6591.
#include "message/report.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <string>

namespace ph::message {
namespace {

namespace json = boost::json;

const std::string kTests = PH_SOURCE_DIR "/tests/";

std::string octets_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string text_of(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

TEST(Report, ReadsAsTheCasesSay) {
  const auto file = json::parse(octets_of(kTests + "conformance/message/report.json"));
  for (const auto& each : file.at("cases").as_array()) {
    const auto& one = each.as_object();
    const std::string id = text_of(one, "id"), in = text_of(one, "in");
    const Report report = read_report(parse_mime(in));
    EXPECT_EQ(to_string(report.kind), text_of(one, "kind")) << id;
    json::array recipients;
    for (const auto& r : report.recipients) {
      recipients.push_back({{"final", r.final},
                            {"action", to_string(r.action)},
                            {"status", r.status},
                            {"code", r.reply_code},
                            {"reason", to_string(r.reason)},
                            {"hard", r.hard}});
    }
    const auto* expected = one.if_contains("recipients");
    EXPECT_EQ(json::serialize(recipients),
              json::serialize(expected == nullptr ? json::value(json::array()) : *expected))
        << id;
    EXPECT_EQ(report.disposition.type, text_of(one, "disposition")) << id;
    EXPECT_EQ(report.original.message_id, text_of(one, "original")) << id;
  }
}

TEST(Report, FeedbackIsWhatTheSamplesSay) {
  for (int i = 1; i <= 5; ++i) {
    const std::string stem = kTests + "corpus/dkim-mail-auth/arf/00" + std::to_string(i);
    const std::string octets = octets_of(stem + ".eml");
    const Report report = read_report(parse_mime(octets));
    const auto parsed = json::parse(octets_of(stem + ".json"));
    const auto& expected = parsed.as_object();
    ASSERT_EQ(report.kind, ReportKind::feedback) << stem;
    const ReportFeedback& got = report.feedback;
    std::string type;
    for (const char c : got.type)
      if (c != '-') type += c;
    std::string wanted = text_of(expected, "feedback_type");
    for (char& c : wanted) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    EXPECT_EQ(type, wanted) << stem;
    EXPECT_EQ(got.user_agent, text_of(expected, "user_agent")) << stem;
    EXPECT_EQ(got.source_ip, text_of(expected, "source_ip")) << stem;
    EXPECT_EQ(got.original_envelope_id, text_of(expected, "original_envelope_id")) << stem;
    EXPECT_EQ(got.dkim_domain, text_of(expected, "dkim_domain")) << stem;
    EXPECT_EQ(got.incidents, expected.at("incidents").to_number<std::uint64_t>()) << stem;
    EXPECT_EQ(got.arrival.has_value(), !expected.at("arrival_date").is_null()) << stem;
    const auto& domains = expected.at("reported_domain").as_array();
    ASSERT_EQ(got.reported_domains.size(), domains.size()) << stem;
    for (std::size_t k = 0; k < domains.size(); ++k)
      EXPECT_EQ(got.reported_domains[k], std::string_view(domains[k].as_string())) << stem;
  }
}

TEST(Report, EveryPrefixIsRead) {
  for (const std::string name : {"lhost-sendmail-02.eml", "lhost-exim-02.eml", "arf-16.eml"}) {
    const std::string octets = octets_of(kTests + "corpus/bounces-sisimai/mail/" + name);
    ASSERT_GT(octets.size(), 1000U);
    for (std::size_t end = 0; end <= octets.size(); ++end) {
      const Report report = read_report(parse_mime(std::string_view(octets).substr(0, end)));
      for (const auto& one : report.recipients) {
        ASSERT_GE(one.status.size(), 5U) << name << " " << end;
        ASSERT_LE(one.reply.size(), 3 * kReportReplyOctetsMax);
      }
    }
  }
}

TEST(Report, ManyRecipientsAreCounted) {
  std::string octets =
      "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n"
      "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; a.test\r\n\r\n";
  for (std::size_t i = 0; i < kReportRecipientsMax + 5; ++i) {
    octets += "Final-Recipient: rfc822; u" + std::to_string(i) +
              "@a.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n";
  }
  const Report report = read_report(parse_mime(octets + "--b--\r\n"));
  EXPECT_EQ(report.recipients.size(), kReportRecipientsMax);
  bool told = false;
  for (const auto& each : report.findings) told |= each.what == ReportOddity::too_many_recipients;
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace ph::message
