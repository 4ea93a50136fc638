#include "base/line_splitter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ph {
namespace {

using What = LineSplitter::What;

/// Everything the splitter says about a wire that arrives cut at `cuts`, as text: "L:" and the
/// line, "long", "bare"; what is left unread at the end as "rest:".
std::vector<std::string> split(std::string_view wire, std::vector<std::size_t> cuts,
                               std::size_t octets_max = 8) {
  cuts.push_back(wire.size());
  LineSplitter splitter;
  std::vector<std::string> said;
  std::string input;
  std::size_t from = 0;
  for (const std::size_t cut : cuts) {
    input += wire.substr(from, cut - from);
    from = cut;
    for (;;) {
      const auto step = splitter.next(input, octets_max);
      EXPECT_LE(step.consumed, input.size());
      if (step.what == What::line) said.push_back("L:" + std::string(step.text));
      if (step.what == What::too_long) said.push_back("long");
      if (step.what == What::bare_line_end) said.push_back("bare");
      input.erase(0, step.consumed);
      if (step.what == What::more) break;
    }
  }
  if (!input.empty()) said.push_back("rest:" + input);
  return said;
}

struct Case {
  const char* wire;
  std::vector<std::string> said;
};

const Case kCases[] = {
    {"a\r\n\r\nbc\r\n", {"L:a", "L:", "L:bc"}},
    {"a\r\nb", {"L:a", "rest:b"}},
    {"a\r", {"rest:a\r"}},
    {"123456\r\n1\r\n", {"L:123456", "L:1"}},
    {"1234567\r\n1\r\n", {"long", "L:1"}},
    {"12345678\r\n1\r\n", {"long", "L:1"}},
    {"12345678901234567890\r\n1\r\n", {"long", "L:1"}},
    {"12345678901234567890\r", {"long", "rest:\r"}},
    {"123456789\n\r\r\n1\r\n", {"long", "L:1"}},
    {"a\nb\r\nc\r\n", {"bare", "L:c"}},
    {"a\n\r\nc\r\n", {"bare", "L:c"}},
    {"a\rb\r\nc\r\n", {"bare", "L:c"}},
    {"a\r\r\nc\r\n", {"bare", "L:c"}},
    {"\n\n\nx\r\nc\r\n", {"bare", "L:c"}},
    {"a\nb\n", {"bare"}},
};

// The network picks where to cut, not us: every pair of cuts must give the same answer.
TEST(LineSplitter, SaysTheSameForEverySplit) {
  for (const Case& c : kCases) {
    const std::string_view wire = c.wire;
    for (std::size_t first = 0; first <= wire.size(); ++first)
      for (std::size_t second = first; second <= wire.size(); ++second) {
        SCOPED_TRACE(::testing::PrintToString(wire));
        ASSERT_EQ(split(wire, {first, second}), c.said) << first << " " << second;
      }
    std::vector<std::size_t> each;
    for (std::size_t i = 0; i < wire.size(); ++i) each.push_back(i);
    ASSERT_EQ(split(wire, each), c.said) << wire;
  }
}

TEST(LineSplitter, ReportsAFaultyLineBeforeItsEnd) {
  LineSplitter splitter;
  EXPECT_EQ(splitter.next("USER x\n", 255), (LineSplitter::Step{What::bare_line_end, {}, 7}));
  EXPECT_EQ(splitter.next("PASS y\n", 255), (LineSplitter::Step{What::more, {}, 7}));
}

TEST(LineSplitter, TakesALimitThatShrinksBetweenCalls) {
  LineSplitter splitter;
  EXPECT_EQ(splitter.next("0123456789", 100).what, What::more);
  EXPECT_EQ(splitter.next("0123456789\r\n", 4).what, What::too_long);
}

TEST(LineSplitter, ForgetsOnReset) {
  LineSplitter splitter;
  EXPECT_EQ(splitter.next("a\n", 8).what, What::bare_line_end);
  splitter.reset();
  EXPECT_EQ(splitter.next("b\r\n", 8), (LineSplitter::Step{What::line, "b", 3}));
}

}  // namespace
}  // namespace ph
