#include "message/mime_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/testing/conformance.h"
#include "codec/base64.h"
#include "message/check.h"
#include "message/mime_limits.h"

namespace ph::message {
namespace {

/// What must hold of every tree, whatever the octets.
void expect_sound(const MimeTree& tree) {
  const auto parts = tree.parts();
  ASSERT_FALSE(parts.empty());
  EXPECT_EQ(parts[0].header, 0U);
  EXPECT_EQ(parts[0].end, tree.octets().size());
  EXPECT_EQ(parts[0].source, 0U);
  for (std::uint32_t i = 0; i < parts.size(); ++i) {
    const MimePart& part = parts[i];
    EXPECT_LE(part.header, part.body);
    EXPECT_LE(part.body, part.end);
    EXPECT_LE(part.end, tree.octets_of(part).size());
    EXPECT_GT(part.last, i);
    if (i > 0) {
      ASSERT_LT(part.parent, i);
      if (part.source == parts[part.parent].source)
        EXPECT_GE(part.header, parts[part.parent].body);
      else
        EXPECT_TRUE(parts[part.parent].is_encoded_message());
      EXPECT_LE(part.last, parts[part.parent].last);
    }
  }
}

struct TreeCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(TreeCase, Conforms) {
  const auto& one = GetParam();
  SCOPED_TRACE(ph::testing::text(one, "spec"));
  const std::string in = ph::testing::text(one, "in");
  const MimeTree tree = parse_mime(in);
  expect_sound(tree);
  std::vector<std::string> got, odd, expected, expected_odd;
  for (std::uint32_t i = 0; i < tree.parts().size(); ++i) {
    const MimePart& part = tree.parts()[i];
    const bool is_long = part.children > 0 && !(part.children == 1 && part.is_message());
    const bool is_star = is_long || (part.is_message() &&
                                     tree.parts()[i + 1 < part.last ? i + 1 : i].is_multipart());
    got.push_back(tree.section(i) + " " + part.type + "/" + part.subtype + " " +
                  (is_star ? "*" : std::string(tree.body_of(part))));
    EXPECT_EQ(tree.find_section(tree.section(i)), i);
  }
  for (const MimeFinding& finding : tree.findings()) odd.emplace_back(id_of(finding.what));
  for (const auto& part : one.at("parts").as_array()) expected.emplace_back(part.as_string());
  for (const auto& id : one.at("odd").as_array()) expected_odd.emplace_back(id.as_string());
  EXPECT_EQ(got, expected);
  EXPECT_EQ(odd, expected_odd);
}

TEST_P(TreeCase, IsSoundForEveryBeginning) {
  const std::string in = ph::testing::text(GetParam(), "in");
  for (std::size_t octets = 0; octets <= in.size(); ++octets) {
    SCOPED_TRACE(octets);
    expect_sound(parse_mime(std::string_view(in).substr(0, octets)));
  }
}

INSTANTIATE_TEST_SUITE_P(File, TreeCase,
                         ::testing::ValuesIn(ph::testing::cases("message/mime_tree.json")),
                         ph::testing::CaseName());

std::string nested(std::size_t depth) {
  std::string out;
  for (std::size_t i = 0; i < depth; ++i)
    out += "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\r\n\r\n--b" +
           std::to_string(i) + "\r\n";
  return out + "\r\ndeep";
}

TEST(MimeTree, StopsAtItsDepth) {
  const std::string fits = nested(kMimeDepthMax), deeper = nested(kMimeDepthMax + 5);
  EXPECT_EQ(parse_mime(fits).parts().size(), kMimeDepthMax + 1);
  const MimeTree tree = parse_mime(deeper);
  EXPECT_EQ(tree.parts().size(), kMimeDepthMax + 1);
  EXPECT_EQ(tree.findings()[0].what, MimeOddity::too_deep);
  expect_sound(tree);
}

TEST(MimeTree, StopsAtItsNumberOfParts) {
  std::string octets = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 100'000; ++i) octets += "--b\r\n\r\n";
  const MimeTree tree = parse_mime(octets + "--b--\r\n");
  EXPECT_EQ(tree.parts().size(), kMimePartsMax);
  EXPECT_EQ(tree.findings_count(), 1U);
  EXPECT_EQ(tree.findings()[0].what, MimeOddity::too_many_parts);
}

// Each costs seconds or more where anything is looked for again and again.
TEST(MimeTree, TakesHostileMessagesInLinearTime) {
  std::string open = nested(kMimeDepthMax);
  for (int i = 0; i < 200'000; ++i) open += "\r\n--b1x";
  expect_sound(parse_mime(open));
  std::string fields = "Content-Type: multipart/mixed; boundary=\"b:\"\r\n\r\n";
  for (int i = 0; i < 200'000; ++i) fields += "--b:\n";
  expect_sound(parse_mime(fields));
  std::string messages;
  for (int i = 0; i < 50'000; ++i) messages += "Content-Type: message/rfc822\r\n\r\n";
  expect_sound(parse_mime(messages));
  std::string dashes = "Content-Type: multipart/mixed; boundary=-\r\n\r\n";
  for (int i = 0; i < 200'000; ++i) dashes += "\n---";
  expect_sound(parse_mime(dashes + std::string(1 << 20, '-')));
}

std::string encoded_message(std::string_view message) {
  return "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
         codec::encode_base64(message);
}

TEST(MimeTree, LeavesEncodedMessagesWhereItIsTold) {
  const std::string octets = encoded_message("Subject: x\r\n\r\none");
  const MimeTree tree = parse_mime(octets, EncodedMessages::left);
  EXPECT_EQ(tree.parts().size(), 1U);
  EXPECT_EQ(tree.findings_count(), 1U);
}

TEST(MimeTree, StopsAtItsNumberOfPartsInEncodedMessages) {
  std::string inside = "Content-Type: multipart/mixed; boundary=i\r\n\r\n";
  for (int i = 0; i < 3000; ++i) inside += "--i\r\n\r\n";
  std::string octets = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 3; ++i) octets += "--b\r\n" + encoded_message(inside) + "\r\n";
  const MimeTree tree = parse_mime(octets + "--b--\r\n");
  EXPECT_EQ(tree.parts().size(), kMimePartsMax);
  expect_sound(tree);
}

// What is decoded is bounded by depth, not by how often it is wrapped.
TEST(MimeTree, KeepsSoManyDecodedCopies) {
  std::string octets = "Subject: x\r\n\r\n" + std::string(1 << 20, 'x');
  const std::string head =
      "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n";
  for (int i = 0; i < 40; ++i) octets.insert(0, head);
  const MimeTree tree = parse_mime(octets);
  std::uint32_t copies = 0;
  for (const MimePart& part : tree.parts()) copies = std::max(copies, part.source);
  EXPECT_EQ(copies, kMimeEncodedDepthMax);
  expect_sound(tree);
}

TEST(MimeTree, MovesWithWhatItDecoded) {
  const std::string octets = encoded_message("Subject: x\r\n\r\none");
  MimeTree tree = parse_mime(octets);
  const MimeTree moved = std::move(tree);
  EXPECT_EQ(moved.body_of(moved.parts()[1]), "one");
}

TEST(MimeTree, UsesItsMemoryAgain) {
  MimeTree tree;
  parse_mime("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--", tree);
  EXPECT_EQ(tree.parts().size(), 2U);
  parse_mime("Subject: x\r\n\r\ny", tree);
  EXPECT_EQ(tree.parts().size(), 1U);
  EXPECT_EQ(tree.header().text("Subject"), "x");
  EXPECT_TRUE(tree.findings().empty());
}

TEST(CountLines, CountsOneThatIsNotEnded) {
  EXPECT_EQ(count_lines(""), 0U);
  EXPECT_EQ(count_lines("a\r\nb"), 2U);
  EXPECT_EQ(count_lines("a\r\nb\r\n"), 2U);
}

}  // namespace
}  // namespace ph::message
