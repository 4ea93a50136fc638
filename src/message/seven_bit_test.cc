#include "message/seven_bit.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "base/testing/conformance.h"
#include "message/testing/mime_leaves.h"

namespace ph::message {
namespace {

SevenBitPlan planned(std::string_view message, std::size_t step) {
  SevenBitScan scan;
  for (std::size_t at = 0; at < message.size(); at += step) scan.feed(message.substr(at, step));
  return scan.finish();
}

std::string written(const SevenBitPlan& plan, std::string_view message, std::size_t step) {
  SevenBitWriter writer(plan);
  std::string out;
  for (std::size_t at = 0; at < message.size(); at += step)
    writer.feed(message.substr(at, step), out);
  writer.finish(out);
  return out;
}

std::string converted(std::string_view message) {
  const SevenBitPlan plan = planned(message, 100'000);
  return plan.possible() ? written(plan, message, 100'000) : "(impossible)";
}

std::string file(const std::string& id) {
  const std::string folder = PH_SOURCE_DIR "/tests/conformance/message/seven_bit/";
  std::ifstream in(folder + id, std::ios::binary);
  EXPECT_TRUE(in) << id;
  return std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
}

std::string flags(const SevenBitPlan& plan) {
  std::string out;
  if (plan.eight_bit_header) out += " header";
  if (plan.eight_bit_body) out += " body";
  if (plan.nul) out += " nul";
  if (plan.long_lines) out += " long";
  if (plan.breaks_signature) out += " sig";
  if (plan.breaks_dkim) out += " dkim";
  return out.empty() ? out : out.substr(1);
}

struct SevenBitCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(SevenBitCase, ConformsAtEverySplit) {
  const auto& one = GetParam();
  SCOPED_TRACE(ph::testing::text(one, "spec"));
  const std::string id = ph::testing::text(one, "id");
  const std::string in = file(id + ".in");
  const SevenBitPlan plan = planned(in, in.size() + 1);
  EXPECT_EQ(flags(plan), ph::testing::text(one, "flags"));
  EXPECT_EQ(to_string(plan.obstacle), ph::testing::text(one, "obstacle"));
  EXPECT_EQ(plan.needed(), ph::testing::has(one, "out"));
  EXPECT_EQ(plan.octets, in.size());
  // In two at every octet, and in pieces of one size.
  for (std::size_t cut = 0; cut <= in.size(); ++cut) {
    SevenBitScan scan;
    scan.feed(std::string_view(in).substr(0, cut));
    scan.feed(std::string_view(in).substr(cut));
    ASSERT_EQ(scan.finish(), plan) << cut;
  }
  for (const std::size_t step : {1u, 2u, 3u, 7u}) ASSERT_EQ(planned(in, step), plan) << step;
  if (!plan.possible()) return;

  const std::string expected = plan.needed() ? file(id + ".out") : in;
  for (std::size_t cut = 0; cut <= in.size(); ++cut) {
    SevenBitWriter writer(plan);
    std::string out;
    writer.feed(std::string_view(in).substr(0, cut), out);
    writer.feed(std::string_view(in).substr(cut), out);
    writer.finish(out);
    ASSERT_EQ(out, expected) << cut;
  }
  for (const std::size_t step : {1u, 2u, 3u, 7u})
    ASSERT_EQ(written(plan, in, step), expected) << step;
  EXPECT_TRUE(testing::is_seven_bit(expected));
  EXPECT_FALSE(planned(expected, expected.size() + 1).needed());
}

INSTANTIATE_TEST_SUITE_P(File, SevenBitCase,
                         ::testing::ValuesIn(ph::testing::cases("message/seven_bit.json")),
                         ph::testing::CaseName());

/// Messages of all shapes, the same ones in every run.
class Generator {
 public:
  explicit Generator(std::uint32_t seed) : seed_(seed) {}

  std::string entity(int depth, bool is_message) {
    const std::string label = is_message ? "MIME-Version: 1.0\r\n" : "";
    switch (depth > 3 ? 9 : below(10)) {
      case 0:
      case 1:
      case 2: return label + multipart(depth);
      case 3: return label + "Content-Type: message/rfc822\r\n\r\n" + entity(depth + 1, true);
      default: return label + leaf();
    }
  }

 private:
  std::uint32_t below(std::uint32_t bound) {
    seed_ = seed_ * 1664525 + 1013904223;
    return (seed_ >> 8) % bound;
  }
  std::string multipart(int depth) {
    const std::string boundary = "=_" + std::to_string(++boundaries_) + "_";
    std::string out = "Content-Type: multipart/mixed;\r\n boundary=\"" + boundary + "\"\r\n";
    if (below(2) == 0) out += "Content-Transfer-Encoding: 8bit\r\n";
    out += "\r\n" + std::string(below(2) == 0 ? "not shown\r\n" : "");
    for (std::uint32_t parts = 1 + below(3); parts > 0; --parts)
      out += "--" + boundary + "\r\n" + entity(depth + 1, false) + "\r\n";
    return out + "--" + boundary + "--\r\n";
  }
  std::string leaf() {
    switch (below(4)) {
      case 0:
        return "Content-Type: application/x-y\r\nContent-Transfer-Encoding: binary\r\n\r\n" +
               octets(below(300), 256);
      case 1:
        return "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
               "\r\n" +
               octets(below(3000), 129);
      case 2: return "Content-Type: text/html\r\n\r\n" + octets(below(200), 128);
      default: return "\r\n" + octets(below(100), 200);
    }
  }
  std::string octets(std::uint32_t count, std::uint32_t bound) {
    std::string out;
    while (out.size() < count) {
      const std::uint32_t kind = below(40);
      if (kind == 0)
        out += "\r\n";
      else if (kind == 1)
        out += below(2) == 0 ? "--" : ". \r\n.";
      else
        out.push_back(static_cast<char>(below(8) == 0 ? below(bound) : 'a' + below(26)));
    }
    return out;
  }

  std::uint32_t seed_;
  int boundaries_ = 0;
};

TEST(SevenBit, KeepsTheContentOfEveryPart) {
  int needed = 0;
  for (std::uint32_t seed = 0; seed < 2000; ++seed) {
    std::string in = "Subject: x\r\n" + Generator(seed).entity(0, true) + "\r\n";
    const SevenBitPlan plan = planned(in, 997);
    ASSERT_TRUE(plan.possible()) << seed << " " << to_string(plan.obstacle);
    const std::string out = written(plan, in, 991);
    ASSERT_TRUE(testing::is_seven_bit(out)) << seed;
    ASSERT_TRUE(testing::leaves(out) == testing::leaves(in)) << seed << "\n" << in << "\n" << out;
    needed += plan.needed() ? 1 : 0;
  }
  EXPECT_GT(needed, 1000);
}

std::string nested(std::size_t depth, std::string_view body) {
  std::string out;
  for (std::size_t i = 0; i < depth; ++i)
    out += "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\r\n\r\n--b" +
           std::to_string(i) + "\r\n";
  return out + "\r\n" + std::string(body);
}

TEST(SevenBit, GoesOnlySoDeep) {
  EXPECT_EQ(planned(nested(kMimeDepthMax, "\xe4\r\n"), 100).obstacle, SevenBitObstacle::none);
  EXPECT_EQ(planned(nested(kMimeDepthMax + 1, "\xe4\r\n"), 100).obstacle,
            SevenBitObstacle::too_deep);
  EXPECT_EQ(planned(nested(kMimeDepthMax + 1, "a\r\n"), 100).obstacle, SevenBitObstacle::none);
}

TEST(SevenBit, TakesOnlySoManyParts) {
  std::string in = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (std::size_t i = 1; i < kMimePartsMax; ++i) in += "--b\r\n\r\n\xe4\r\n";
  EXPECT_TRUE(planned(in, 1000).possible());
  EXPECT_TRUE(planned(in + "--b\r\n\r\na\r\n", 1000).possible());
  EXPECT_EQ(planned(in + "--b\r\n\r\n\xe4\r\n", 1000).obstacle, SevenBitObstacle::too_many_parts);
}

TEST(SevenBit, ReadsOnlySoMuchOfAHeader) {
  const std::string body = "\r\n\xe4\r\n";
  std::string in;
  while (in.size() < kMimeHeaderOctetsMax) in += "X: " + std::string(900, 'x') + "\r\n";
  EXPECT_EQ(planned(in + body, 1000).obstacle, SevenBitObstacle::header_too_long);
  EXPECT_TRUE(planned(in + "\r\na\r\n", 1000).possible());
  in = "Content-Type: text/plain;";
  while (in.size() < kMimeFieldOctetsMax + 100) in += "\r\n " + std::string(900, 'x');
  EXPECT_EQ(planned(in + "\r\n" + body, 1000).obstacle, SevenBitObstacle::header_too_long);
  in.clear();
  for (int i = 0; i < 20; ++i) in += "Content-Transfer-Encoding: 8bit\r\n";
  EXPECT_EQ(planned(in + body, 1000).obstacle, SevenBitObstacle::header_too_long);
  in = "X: " + std::string(100'000, ' ') + "x\r\n";
  EXPECT_EQ(planned(in + body, 1000).obstacle, SevenBitObstacle::header_line);
}

TEST(SevenBit, FoldsWhereAReaderUnfolds) {
  const std::string words = std::string(600, 'a') + " " + std::string(600, 'b');
  EXPECT_EQ(converted("Subject: " + words + "\r\n\r\n"),
            "Subject: " + std::string(600, 'a') + "\r\n " + std::string(600, 'b') + "\r\n\r\n");
  // The line that is too long is a continuation, and ends in white space.
  EXPECT_EQ(converted("S: x\r\n " + words + "  \r\n\r\n"),
            "S: x\r\n " + std::string(600, 'a') + "\r\n " + std::string(600, 'b') + "  \r\n\r\n");
  // A fold here would leave a line of white space, which some readers take for the empty line.
  EXPECT_EQ(converted("S: x\r\n" + std::string(998, ' ') + "y\r\n\r\n"), "(impossible)");
}

}  // namespace
}  // namespace ph::message
