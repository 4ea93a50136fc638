#include "message/builder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "codec/base64.h"
#include "message/header.h"
#include "message/readable.h"
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
    std::string_view rest = got;
    ASSERT_TRUE(rest.ends_with("\r\n"));
    while (!rest.empty()) {
      const std::size_t end = rest.find("\r\n");
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(end + 2);
      EXPECT_LE(line.size(), 998U);
      EXPECT_FALSE(line.ends_with(' ') || line.ends_with('\t')) << line;
      EXPECT_FALSE(line.starts_with("From ")) << line;
      EXPECT_NE(line, ".");
      EXPECT_TRUE(
          std::ranges::none_of(line, [](char c) { return c == '\r' || c == '\n' || c == '\0'; }));
      if (sample.carry == Carry::seven_bit) {
        EXPECT_TRUE(
            std::ranges::all_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
      }
    }
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
  refused([](BuildMessage& m) { m.from[0].name = std::string(3000, 'n'); }, Kind::over_limit);
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
  const std::string got = build(message, Carry::seven_bit).value();
  const Header header = parse_header(got);
  EXPECT_EQ(readable_text(header.first("Subject")->value), message.subject);
  for (std::size_t at = 0, end = 0; at < got.size(); at = end + 2) {
    end = got.find("\r\n", at);
    EXPECT_LE(end - at, 998U);
  }
}

TEST(Builder, BinaryIsAsItIs) {
  const std::string octets("\x00\xff\r\r\n", 5);
  const std::string got =
      build(letter("x", mixed({attachment("image/png", "x", octets)})), Carry::binary).value();
  EXPECT_NE(got.find("Content-Transfer-Encoding: binary"), got.npos);
  EXPECT_NE(got.find("\r\n\r\n" + octets + "\r\n--=_"), got.npos);
}

}  // namespace
}  // namespace ph::message
