#include "wire/smtp/data_decoder.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/testing/conformance.h"
#include "wire/smtp/testing/decode.h"

namespace ph::smtp {
namespace {

using testing::decode;
using Fault = DataDecoder::Fault;

struct EndOfData : ::testing::TestWithParam<boost::json::value> {};

// Every way to cut the wire in two must give the same answer: the network picks the cut, not us.
TEST_P(EndOfData, ConformsAtEverySplit) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC 5321 §" + ph::testing::text(one, "spec"));
  const std::string wire = ph::testing::text(one, "wire");
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    SCOPED_TRACE(cut);
    const auto got = decode(wire, {cut});
    EXPECT_EQ(got.ended, !ph::testing::has(one, "endless"));
    if (ph::testing::text(one, "fault") == "bad-line-end") {
      EXPECT_EQ(got.fault, Fault::bad_line_end);
      continue;
    }
    EXPECT_EQ(got.fault, Fault::none);
    EXPECT_EQ(got.content, ph::testing::text(one, "content"));
    EXPECT_EQ(got.rest, ph::testing::text(one, "rest"));
  }
}

INSTANTIATE_TEST_SUITE_P(File, EndOfData,
                         ::testing::ValuesIn(ph::testing::cases("smtp/end_of_data.json")),
                         ph::testing::CaseName());

TEST(DataDecoder, GivesTheSameOctetByOctet) {
  const std::string_view wire = "a\r\n..b\r\n.c\r\n\r\n.\r\nQUIT\r\n";
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < wire.size(); ++i) cuts.push_back(i);
  EXPECT_EQ(decode(wire, cuts), decode(wire));
  EXPECT_EQ(decode(wire).content, "a\r\n.b\r\nc\r\n\r\n");
}

TEST(DataDecoder, KeepsLinesUpToTheLimitAndReadsLongerOnesToTheEnd) {
  const std::string most(kDataLineOctetsMax, 'x');
  const auto kept = decode(most + "\r\n." + most + "\r\n.\r\nRSET\r\n");
  EXPECT_EQ(kept.fault, Fault::none);
  EXPECT_EQ(kept.content, most + "\r\n" + most + "\r\n");
  for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, std::size_t{40'000}, most.size()}) {
    const auto dropped = decode("a\r\n" + most + "x\r\nb\r\n.\r\nRSET\r\n", {cut});
    EXPECT_EQ(dropped.fault, Fault::line_too_long);
    EXPECT_TRUE(dropped.ended);
    EXPECT_EQ(dropped.rest, "RSET\r\n");  // in step: the next command may be read
  }
}

TEST(DataDecoder, NeverHandsOutContentBehindAFault) {
  const std::string endless(3 * kDataLineOctetsMax, 'x');
  const auto got = decode(endless, {kDataLineOctetsMax});
  EXPECT_EQ(got.content.size(), kDataLineOctetsMax);
  EXPECT_EQ(decode("a\nb\r\n.\r\n").content, "");
}

}  // namespace
}  // namespace ph::smtp
