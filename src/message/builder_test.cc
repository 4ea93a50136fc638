#include "message/builder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "codec/base64.h"
#include "message/content.h"
#include "message/header.h"
#include "message/readable.h"
#include "message/testing/built_lines.h"
#include "message/testing/built_samples.h"

namespace ph::message {
namespace {

using testing::built_samples, testing::letter;

std::string sample_file(const std::string& name) {
  std::ifstream in(std::string(PH_SOURCE_DIR) + "/tests/conformance/message/built/" + name + ".eml",
                   std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// tests/message/builder_test.py has these files read by Python's email package.
TEST(Builder, WritesTheSamples) {
  for (const auto& sample : built_samples()) {
    SCOPED_TRACE(sample.name);
    const auto got = build(sample.message, sample.carry);
    ASSERT_TRUE(got) << got.error().what << " " << got.error().detail;
    EXPECT_EQ(*got, sample_file(sample.name));
  }
}

TEST(Builder, WritesNothingThatARelayChanges) {
  for (const auto& sample : built_samples()) {
    SCOPED_TRACE(sample.name);
    const std::string got = build(sample.message, sample.carry).value();
    const MimeTree tree = parse_mime(got);
    EXPECT_EQ(testing::fault_of_lines(got, sample.carry == Carry::seven_bit, false), "");
    EXPECT_EQ(testing::fault_of_all_lines(tree, sample.carry), "");
    EXPECT_EQ(testing::fault_of_boundaries(tree), "");
    EXPECT_EQ(testing::fault_of_standards(tree, sample.carry), "");
  }
}

TEST(Builder, ReadersFindWhatWentIn) {
  for (const auto& sample : built_samples()) {
    SCOPED_TRACE(sample.name);
    const std::string got = build(sample.message, sample.carry).value();
    const Header header = parse_header(got);
    EXPECT_TRUE(header.first("MIME-Version") != nullptr);
    EXPECT_EQ(readable_text(header.first("Subject")->value), sample.message.subject);
    EXPECT_EQ(header.first("Bcc"), nullptr);
    const auto same = [&header](const char* name, const std::vector<Mailbox>& wanted) {
      if (wanted.empty()) return;
      const AddressList list = parse_address_list(header.first(name)->value);
      ASSERT_EQ(list.mailboxes.size(), wanted.size());
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        EXPECT_EQ(list.mailboxes[i].name, wanted[i].name);
        EXPECT_EQ(list.mailboxes[i].address(), wanted[i].address());
      }
    };
    same("From", sample.message.from);
    same("To", sample.message.to);
    same("Cc", sample.message.cc);
  }
}

TEST(Builder, RefusesWhatIsNone) {
  const auto refused = [](auto change, Kind kind = Kind::malformed) {
    BuildMessage message = letter("x", text_part("x\n"));
    change(message);
    const auto got = build(message, Carry::seven_bit);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind, kind) << got.error().what;
  };
  refused([](BuildMessage& m) { m.from.clear(); });
  refused([](BuildMessage& m) { m.to[0].domain = "x y"; });
  refused([](BuildMessage& m) { m.to[0].domain = ""; });
  refused([](BuildMessage& m) { m.to[0].local = "a\r\nb"; });
  refused([](BuildMessage& m) { m.to[0].local = "ü"; });
  refused([](BuildMessage& m) { m.message_id = "a b"; });
  refused([](BuildMessage& m) { m.message_id = "a>\r\nX: y"; });
  refused([](BuildMessage& m) { m.fields = {{"X Y", "z"}}; });
  refused([](BuildMessage& m) { m.fields = {{"X:", "z"}}; });
  refused([](BuildMessage& m) { m.boundary = "a b"; });
  refused([](BuildMessage& m) { m.boundary = std::string(kBuildBoundaryOctetsMax + 1, 'x'); });
  refused([](BuildMessage& m) { m.body.type = "text"; });
  refused([](BuildMessage& m) { m.body = mixed({}); });
  refused([](BuildMessage& m) {
    m.body = BuildPart{.type = "message/rfc822", .content = "Subject: \xc3\xbc\r\n\r\n"};
  });
  refused([](BuildMessage& m) { m.fields = {{"from", "a@x.test"}}; });
  refused([](BuildMessage& m) { m.fields = {{"Content-type", "text/html"}}; });
  refused([](BuildMessage& m) { m.body.parameters = {{"Charset", "koi8-r"}}; });
  refused([](BuildMessage& m) { m.body.parameters = {{"x", "1"}, {"X", "2"}}; });
  refused([](BuildMessage& m) { m.body.parameters = {{"x*0", "1"}}; });
  refused([](BuildMessage& m) { m.body.parameters = {{"name", "x"}}; });
  refused([](BuildMessage& m) { m.body.file_name = std::string(9000, 'n'); }, Kind::over_limit);
  refused([](BuildMessage& m) { m.subject = std::string(1 << 20, 's'); }, Kind::over_limit);
  refused([](BuildMessage& m) { m.to.assign(kMailboxesMax + 1, m.from[0]); }, Kind::over_limit);
  refused(
      [](BuildMessage& m) {
        for (std::size_t i = 0; i <= kBuildDepthMax; ++i) m.body = mixed({m.body});
      },
      Kind::over_limit);
  refused(
      [](BuildMessage& m) {
        m.body = mixed(std::vector<BuildPart>(kBuildPartsMax, text_part("x")));
      },
      Kind::over_limit);
}

TEST(Builder, LongWordsFitLines) {
  BuildMessage message = letter(std::string(3000, 's'), text_part("x\n"));
  message.from[0].name = std::string(3000, 'n');
  const std::string got = build(message, Carry::seven_bit).value();
  const Header header = parse_header(got);
  EXPECT_EQ(readable_text(header.first("Subject")->value), message.subject);
  EXPECT_EQ(parse_address_list(header.first("From")->value).mailboxes[0].name,
            message.from[0].name);
  for (std::size_t at = 0, end = 0; at < got.size(); at = end + 2) {
    end = got.find("\r\n", at);
    EXPECT_LE(end - at, 998U);
  }
}

// What a reader, or a relay that folds again, makes one blank of, is not left to a fold.
TEST(Builder, WideBlanksStay) {
  for (const std::string& text : std::vector<std::string>{
           "the" + std::string(54, ' ') + "%", "a  report \xc3\xa9",
           std::string(70, 'x') + "  " + std::string(20, 'y'), "x  \"" + std::string(70, 'y')}) {
    BuildMessage message = letter(text, text_part("x\n"));
    message.from[0].name = text;
    const std::string got = build(message, Carry::seven_bit).value();
    const Header header = parse_header(got);
    EXPECT_EQ(readable_text(header.first("Subject")->value), text);
    EXPECT_EQ(parse_address_list(header.first("From")->value).mailboxes[0].name, text);
  }
}

TEST(Builder, NoBlankBeforeAFold) {
  BuildMessage message = letter("x", text_part("x\n"));
  message.fields = {{"X-" + std::string(70, 'n'), "\xc3\xa9"}};
  message.to = {Mailbox{.name = "", .local = std::string(50, 'l'), .domain = "example.net"},
                Mailbox{.name = "\xc3\xa9", .local = "b", .domain = "example.net"}};
  EXPECT_EQ(build(message, Carry::seven_bit).value().find(" \r\n"), std::string::npos);
}

TEST(Builder, NoBoundaryBeginsAsAnotherOne) {
  BuildMessage message = letter("x", text_part("x\n"));
  message.body = mixed(std::vector<BuildPart>(12, mixed({text_part("--=_3_b0undary\n")})));
  const std::string got = build(message, Carry::seven_bit).value();
  EXPECT_EQ(got.find("boundary=\"=_3_b0undary"), got.npos);  // a part has it
  EXPECT_EQ(testing::fault_of_boundaries(parse_mime(got)), "");
  EXPECT_NE(got.find("=_1_b0undary"), got.npos);
  EXPECT_NE(got.find("=_10_b0undary"), got.npos);
}

TEST(Builder, FileNameLikeAnEncodedWordStays) {
  const std::string name = "=?utf-8?q?x?=.exe";
  const std::string got =
      build(letter("x", attachment("image/png", name, "x")), Carry::seven_bit).value();
  EXPECT_EQ(part_name(parse_mime(got).root()), name);
}

TEST(Builder, BinaryIsAsItIs) {
  const std::string octets("\x00\xff\r\r\n", 5);
  const std::string got =
      build(letter("x", mixed({attachment("image/png", "x", octets)})), Carry::binary).value();
  EXPECT_NE(got.find("Content-Transfer-Encoding: binary"), got.npos);
  EXPECT_NE(got.find("\r\n\r\n" + octets + "\r\n--=_"), got.npos);
}

// Behind the message itself no boundary follows: a line end at its end would be one octet of it.
TEST(Builder, BinaryRootKeepsItsEnd) {
  for (const std::string octets : {"", "\xff", "\xff\r\n", "\r\n\r\n"}) {
    const std::string got =
        build(letter("x", attachment("image/png", "", octets)), Carry::binary).value();
    const MimeTree tree = parse_mime(got);
    EXPECT_EQ(decoded_body(tree, tree.root()), octets);
    EXPECT_TRUE(got.ends_with("\r\n"));
  }
}

}  // namespace
}  // namespace ph::message
