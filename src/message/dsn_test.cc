#include "message/dsn.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "message/dsn_parts.h"
#include "message/testing/dsn_samples.h"
#include "message/testing/mime_leaves.h"

namespace ph::message {
namespace {

std::string golden(const std::string& name) {
  const std::string folder = PH_SOURCE_DIR "/tests/conformance/message/dsn/";
  std::ifstream in(folder + name + ".eml", std::ios::binary);
  EXPECT_TRUE(in) << name;
  return std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
}

struct DsnSample : ::testing::TestWithParam<std::pair<std::string, Dsn>> {};

TEST_P(DsnSample, IsWrittenToTheOctet) {
  EXPECT_EQ(format_dsn(GetParam().second), golden(GetParam().first));
}

TEST_P(DsnSample, TravelsInSevenBits) {
  const Dsn& dsn = GetParam().second;
  const std::string text = format_dsn(dsn);
  EXPECT_EQ(testing::is_seven_bit(text), !needs_smtputf8(dsn));
  EXPECT_TRUE(testing::is_seven_bit(text.substr(text.find("\r\n\r\n"))));
}

INSTANTIATE_TEST_SUITE_P(Samples, DsnSample, ::testing::ValuesIn(testing::dsn_samples()),
                         [](const auto& info) {
                           std::string name = info.param.first;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(Dsn, AnAdministratorWithoutADomainIsThatOfTheHost) {
  Dsn dsn = testing::hostile_sample();
  dsn.to = {.local = "postmaster", .domain = ""};
  dsn.reporting_mta = "mail.example.org";
  EXPECT_TRUE(format_dsn(dsn).contains("\r\nTo: <postmaster@mail.example.org>\r\n"));
}

TEST(Dsn, NobodyWritesFieldsButUs) {
  const Dsn dsn = testing::hostile_sample();
  const auto parts = testing::leaves(format_dsn(dsn));
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[1].type, "message/delivery-status");
  EXPECT_EQ(header_value(parts[1].body, "Action"), "");  // in the first group there is none
  const std::string recipient = parts[1].body.substr(parts[1].body.find("\r\n\r\n") + 4);
  EXPECT_EQ(header_value(recipient, "Action"), "failed");
  EXPECT_EQ(header_value(recipient, "Status"), "5.0.0");
  EXPECT_EQ(header_value(recipient, "Remote-MTA"), "dns; evil.example\\x0D\\x0AStatus: 2.0.0");
  EXPECT_EQ(recipient.find("\r\nSubject:"), recipient.npos);
  EXPECT_LT(parts[0].body.size(), 8192u);
  EXPECT_EQ(parts[2].body, dsn.original);
}

TEST(Dsn, FindsABoundaryThatIsNowhereInside) {
  Dsn dsn = testing::sample_dsn();
  dsn.boundary = "a\r\n\"b";
  EXPECT_TRUE(format_dsn(dsn).contains("boundary=\"ab_000000000\""));  // "ab" is in the contents
  dsn.boundary = "";
  EXPECT_TRUE(format_dsn(dsn).contains("boundary=\"=_posthouse\""));
  dsn.boundary = "zz";
  dsn.original.clear();
  for (int i = 0; i < 100; ++i)
    dsn.original += fmt::format("X: zz_{:09} zz_{:09}zz\r\n", 99 - i, i);
  EXPECT_TRUE(format_dsn(dsn).contains("boundary=\"zz_000000100\""));
}

TEST(Dsn, KeepsItsSizeWithManyRecipients) {
  Dsn dsn = testing::sample_dsn();
  DsnRecipient one = testing::sample_recipient();
  one.diagnostic = std::string(64 << 10, '\xff');
  dsn.recipients.assign(1500, one);
  EXPECT_LT(format_dsn(dsn).size(), 6u << 20);  // \xHH twice for 256 octets each, and the rest
}

TEST(Dsn, NamesTheOneRecipientInItsSubject) {
  Dsn dsn = testing::sample_dsn();
  const auto subject = [&dsn] { return header_value(format_dsn(dsn), "Subject"); };
  EXPECT_EQ(subject(), "Not delivered: your message to bob@example.net");
  dsn.recipients.front().final.local = std::string(100, 'x');
  EXPECT_EQ(subject(), "Not delivered: your message to one recipient");
  dsn.recipients.push_back(testing::sample_recipient());
  EXPECT_EQ(subject(), "Not delivered: your message to 2 recipients");
  dsn.recipients.front().action = DsnAction::delivered;
  EXPECT_EQ(subject(), "Not delivered: your message to bob@example.net");
}

TEST(Dsn, SaysAStatusThatFitsTheAction) {
  DsnRecipient one;
  const auto status = [&one](DsnAction action, std::string_view text) {
    one.action = action;
    one.status = text;
    return status_of(one);
  };
  EXPECT_EQ(status(DsnAction::failed, "5.7.25"), "5.7.25");
  EXPECT_EQ(status(DsnAction::failed, "4.4.7"), "4.4.7");
  EXPECT_EQ(status(DsnAction::delayed, "4.999.999"), "4.999.999");
  EXPECT_EQ(status(DsnAction::delayed, "5.1.1"), "4.0.0");
  EXPECT_EQ(status(DsnAction::relayed, "2.1.9"), "2.1.9");
  for (const auto* text : {"", "5", "5.", "5.1", "5.1.", "5..1", "5.1.1.1", "5.1.1111", "5.1.x",
                           "55.1.1", "2.1.1", "5.1.1\r\nX: y", "..", "5 1 1"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(status(DsnAction::failed, text), "5.0.0");
  }
}

TEST(Dsn, ExplainsEveryStatus) {
  EXPECT_EQ(advice("5.1.1").means, "There is no mailbox with this address.");
  EXPECT_EQ(advice("4.1.99").means, advice("5.1.0").means);  // by its subject alone
  EXPECT_NE(advice("5.1.10").means, advice("5.1.1").means);
  EXPECT_EQ(advice("5.0.0").means, "The reason is not known in more detail.");
  EXPECT_EQ(advice("").means, "The reason is not known in more detail.");
  for (const auto* status : {"5.2.2", "4.4.1", "4.4.7", "5.5.3", "5.6.7", "5.7.26"}) {
    EXPECT_NE(advice(status).means, advice("5.0.0").means) << status;
    EXPECT_FALSE(advice(status).what_to_do.empty()) << status;
  }
}

TEST(ReturnedHeader, IsTheHeaderWithoutTheEmptyLine) {
  EXPECT_EQ(returned_header("A: b\r\n c\r\n\r\nbody\r\n"), "A: b\r\n c\r\n");
  EXPECT_EQ(returned_header("A: b\n\nbody\n"), "A: b\r\n");
  EXPECT_EQ(returned_header("A: b"), "A: b\r\n");
  EXPECT_EQ(returned_header("A: b\r\nno field\r\n"), "A: b\r\n");
  for (const auto* none : {"", "\r\n", "\r\nbody", "\n", "no field\r\n"})
    EXPECT_EQ(returned_header(none), "") << none;
}

TEST(ReturnedHeader, IsCutAtALineEndAndSaysSo) {
  std::string header;
  while (header.size() < kReturnedHeaderOctetsMax) header += "X: " + std::string(95, 'x') + "\r\n";
  const std::string cut = returned_header(header + "\r\nbody");
  EXPECT_LE(cut.size(), kReturnedHeaderOctetsMax);
  EXPECT_GT(cut.size(), kReturnedHeaderOctetsMax - 200);
  EXPECT_TRUE(cut.ends_with("x\r\nX-Posthouse-Note: the rest of the header is left out\r\n"));
  EXPECT_EQ(returned_header(cut), cut);
  // The beginning of the message is enough, and a line without an end is cut anywhere.
  EXPECT_EQ(returned_header(header.substr(0, kReturnedHeaderOctetsMax + 2)), cut);
  const std::string line = returned_header("X: " + std::string(200'000, 'x') + "\r\n\r\n");
  EXPECT_LE(line.size(), kReturnedHeaderOctetsMax);
  EXPECT_TRUE(line.ends_with("x\r\nX-Posthouse-Note: the rest of the header is left out\r\n"));
}

TEST(Wrapped, BreaksAtBlanksAndInsideEndlessWords) {
  const auto wrapped = [](std::string_view text) {
    std::string out;
    append_wrapped(text, "> ", 10, out);
    return out;
  };
  EXPECT_EQ(wrapped(""), "");
  EXPECT_EQ(wrapped("  a  bb   ccc dddd  "), "> a bb ccc\r\n> dddd\r\n");
  EXPECT_EQ(wrapped("a bbbbbbbbbbbb c"), "> a\r\n> bbbbbbbbbbbb\r\n> c\r\n");
  EXPECT_EQ(wrapped(std::string(1000, 'x')),
            "> " + std::string(900, 'x') + "\r\n> " + std::string(100, 'x') + "\r\n");
  // Not within a character: "é" has two octets.
  EXPECT_EQ(wrapped(std::string(899, 'x') + "\xc3\xa9"),
            "> " + std::string(899, 'x') + "\r\n> \xc3\xa9\r\n");
}

}  // namespace
}  // namespace ph::message
