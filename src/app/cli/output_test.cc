#include "app/cli/output.h"

#include <gtest/gtest.h>

namespace ph::cli {
namespace {

TEST(Output, GivesTerminalsNoOrders) {
  EXPECT_EQ(printable("a\x1b[2J\x07\x7f\r\n\t"), "a\\x1b[2J\\x07\\x7f\\x0d\\x0a\\x09");
  EXPECT_EQ(printable("\u009b2J \u0080\u009f \u00a0\u00e9"), "\\x9b2J \\x80\\x9f \u00a0\u00e9");
  EXPECT_EQ(printable("exe.\u202egpj\u2066x\u2069\u202a"), "exe.\\u202egpj\\u2066x\\u2069\\u202a");
  EXPECT_EQ(printable("\u2026 \u2065 \u20ac\xe2\x80"), "\u2026 \u2065 \u20ac\xe2\x80");
}

TEST(Output, KeepsLinesOfText) {
  EXPECT_EQ(printable_lines("a\r\nb\n\tc\rd\x1b\u009b2J"), "a\nb\n\tc\\x0dd\\x1b\\x9b2J");
  EXPECT_EQ(printable_lines("\u202b\u05d0\u202c"), "\u202b\u05d0\u202c");
}

}  // namespace
}  // namespace ph::cli
