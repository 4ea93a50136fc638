#include "message/html_text.h"

#include <gtest/gtest.h>

#include <string>

#include "base/testing/conformance.h"

namespace ph::message {
namespace {

struct HtmlCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(HtmlCase, Reads) {
  EXPECT_EQ(html_to_text(ph::testing::text(GetParam(), "in")),
            ph::testing::text(GetParam(), "out"));
}

// Mail is cut off anywhere: no beginning of a page may crash, or say more than the page does.
TEST_P(HtmlCase, ReadsEveryBeginning) {
  const std::string in = ph::testing::text(GetParam(), "in");
  for (std::size_t octets = 0; octets <= in.size(); ++octets)
    EXPECT_LE(html_to_text(std::string_view(in).substr(0, octets)).size(), 20 * in.size());
}

INSTANTIATE_TEST_SUITE_P(File, HtmlCase,
                         ::testing::ValuesIn(ph::testing::cases("message/html_text.json")),
                         ph::testing::CaseName());

TEST(HtmlText, LeavesOutLinksAndImagesWhereTheyAreNotWanted) {
  EXPECT_EQ(html_to_text("<a href=http://x/>a</a><img alt=b>", {.links = false, .images = false}),
            "a");
}

// Whatever may be searched for and is never there must be searched for once: 1 MB each.
TEST(HtmlText, TakesHostilePagesInLinearTime) {
  for (const std::string_view piece :
       {"<", "<a", "<a b=\"", "<a b='", "<!--", "<script>", "<style", "&", "&#", "</", "<ul><li>",
        "<blockquote><br>", "<a href=http://x/>", "<a href=\"http:", "<td>", "<p a=b c='d",
        "\xe2\x80"}) {
    SCOPED_TRACE(piece);
    std::string html;
    while (html.size() < 1 << 20) html += piece;
    EXPECT_LE(html_to_text(html).size(), 20 * html.size());
    EXPECT_LE(html_to_text(html + ">x</a>").size(), 20 * html.size());
  }
}

TEST(HtmlText, MakesOneLineForPreviews) {
  EXPECT_EQ(preview_of(" a\n\n b\tc ", 10), "a b c");
  EXPECT_EQ(preview_of("\xc3\xa4\xc3\xb6\xc3\xbc", 2), "\xc3\xa4\xc3\xb6");
  EXPECT_EQ(preview_of("ab cd", 3), "ab");
  EXPECT_EQ(preview_of("abc", 0), "");
}

}  // namespace
}  // namespace ph::message
