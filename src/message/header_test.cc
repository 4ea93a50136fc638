#include "message/header.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace ph::message {
namespace {

using enum HeaderOddity;

std::vector<std::string> told(std::string_view octets) {
  const Header header = parse_header(octets);
  std::vector<std::string> out;
  for (const Field& f : header.fields()) {
    out.push_back(std::string(f.name) + "|" + std::string(f.value));
    EXPECT_EQ(octets.substr(f.offset, f.raw.size()), f.raw);
  }
  return out;
}

TEST(Header, GivesFieldsAsTheyLieThere) {
  const std::string_view octets =
      "Received: from a\r\n\tby b\r\nsubject : x \r\nTo:\r\n\r\nbody: no\r\n";
  EXPECT_EQ(told(octets),
            (std::vector<std::string>{"Received| from a\r\n\tby b", "subject| x ", "To|"}));
  const Header header = parse_header(octets);
  EXPECT_EQ(octets.substr(header.body()), "body: no\r\n");
  EXPECT_EQ(octets.substr(header.end(), 2), "\r\n");
  EXPECT_EQ(header.first("RECEIVED")->raw, "Received: from a\r\n\tby b\r\n");
  EXPECT_EQ(header.text("Subject"), "x");
  EXPECT_EQ(header.text("received"), "from a\tby b");
  EXPECT_EQ(header.text("Cc"), std::nullopt);
  EXPECT_TRUE(header.findings().empty());
}

TEST(Header, FindsTheFirstTheLastAndAllOfAName) {
  const Header header = parse_header("a: 1\r\nB: 2\r\nA: 3\r\n\r\n");
  EXPECT_EQ(header.first("A")->value, " 1");
  EXPECT_EQ(header.last("a")->value, " 3");
  EXPECT_EQ(header.all("a").size(), 2U);
  EXPECT_EQ(header.count("b"), 1U);
  EXPECT_EQ(header.last("c"), nullptr);
}

struct OddCase {
  std::string_view octets;
  std::vector<HeaderFinding> findings;
  std::size_t fields;
  std::string_view body;
};

TEST(Header, SaysWhatIsOdd) {
  using namespace std::string_view_literals;
  const OddCase cases[] = {
      {"From a Mon Jan  1\r\n>From b\r\nA: 1\r\n\r\nx", {{mbox_from, 0, 2}}, 1, "x"},
      {"From a Mon Jan  1\r\nFrom : b\r\n\r\nx", {{mbox_from, 0, 1}}, 1, "x"},  // RFC 5322 §4.5
      {">From \t: b\r\nA: 1\r\n\r\nx", {}, 2, "x"},
      {"From a Mon Jan  1", {{mbox_from, 0, 1}, {no_empty_line, 17, 1}}, 0, ""},
      {" folded\r\n more\r\nA: 1\r\n\r\nx", {{begins_folded, 0, 1}}, 1, "x"},
      {"A: 1\r\nno field\r\nB: 2\r\n\r\n", {{no_colon, 6, 1}}, 1, "no field\r\nB: 2\r\n\r\n"},
      {"A: 1\r\n: 2\r\n", {{no_colon, 6, 1}}, 1, ": 2\r\n"},
      {"A: 1\r\nB: 2", {{no_empty_line, 10, 1}}, 2, ""},
      {"", {{no_empty_line, 0, 1}}, 0, ""},
      {"A: 1\n\nx\n", {{bare_lf, 4, 2}}, 1, "x\n"},
      {"A: 1\rB: 2\r\n\r\nx\r", {{bare_cr, 4, 1}}, 1, "x\r"},
      {"A: 1\r\r\n\r\n", {{bare_cr, 4, 1}}, 1, ""},
      {"A: \0\xe4\xe4\r\n\r\n\0\xe4"sv, {{nul, 3, 1}, {eight_bit, 4, 2}}, 1, "\0\xe4"sv},
      {"\r\nx", {}, 0, "x"},
      {"\nx", {}, 0, "x"},
  };
  for (const OddCase& c : cases) {
    SCOPED_TRACE(::testing::PrintToString(c.octets));
    const Header header = parse_header(c.octets);
    std::vector<HeaderFinding> findings(header.findings().begin(), header.findings().end());
    if (c.octets == "\nx")
      EXPECT_EQ(findings.size(), 0U);
    else
      EXPECT_EQ(findings, c.findings);
    EXPECT_EQ(header.fields().size(), c.fields);
    EXPECT_EQ(c.octets.substr(header.body()), c.body);
  }
}

// The scan takes 64 octets at a time: everything must come out the same wherever a block ends.
TEST(Header, DoesNotDependOnWhereTheFieldsLie) {
  for (std::size_t pad = 0; pad < 130; ++pad) {
    SCOPED_TRACE(pad);
    std::string octets = "X: " + std::string(pad, 'x') + "\r\n";
    const std::size_t at = octets.size();
    octets += "A: 1\r2\n b\r\nC:\xff\r\n\r\nbody\r\r\n\xff";
    const Header header = parse_header(octets);
    ASSERT_EQ(header.fields().size(), 3U);
    EXPECT_EQ(header.fields()[1].value, " 1\r2\n b");
    EXPECT_EQ(std::string_view(octets).substr(header.body()), "body\r\r\n\xff");
    const std::vector<HeaderFinding> expected{
        {bare_cr, at + 4, 1}, {bare_lf, at + 6, 1}, {eight_bit, at + 13, 1}};
    EXPECT_EQ(std::vector<HeaderFinding>(header.findings().begin(), header.findings().end()),
              expected);
  }
}

TEST(Header, PassesOverWhatIsBeyondItsBudget) {
  std::string octets;
  for (std::size_t i = 0; i < kHeaderFieldsMax + 5; ++i) octets += "A:\r\n b\r\n";
  const Header many = parse_header(octets + "\r\nbody");
  EXPECT_EQ(many.fields().size(), kHeaderFieldsMax);
  EXPECT_EQ(many.body(), octets.size() + 2);
  ASSERT_EQ(many.findings().size(), 1U);
  EXPECT_EQ(many.findings()[0], (HeaderFinding{too_many_fields, kHeaderFieldsMax * 8, 5}));

  const std::string huge = "A: " + std::string(kHeaderOctetsMax, 'x') + "\r\n";
  const Header big = parse_header(huge + "B: 1\r\n\r\n");
  EXPECT_EQ(big.fields().size(), 1U);
  ASSERT_EQ(big.findings().size(), 1U);
  EXPECT_EQ(big.findings()[0], (HeaderFinding{too_many_octets, huge.size(), 1}));
}

TEST(Unfold, LeavesOutLineEndsAndBlanksAtTheEnds) {
  EXPECT_EQ(unfold(" a\r\n b\n\tc \r\n"), "a b\tc");
  EXPECT_EQ(unfold("\r\n a"), "a");
  EXPECT_EQ(unfold("a\rb"), "a\rb");
  EXPECT_EQ(unfold(" \r\n "), "");
}

}  // namespace
}  // namespace ph::message
