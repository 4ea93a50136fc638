#include "codec/xtext.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace ph::codec {
namespace {

using namespace std::string_view_literals;

TEST(Xtext, IsWrittenAndReadBack) {  // RFC 3461 §4
  struct Case {
    std::string_view text, coded;
  };
  constexpr auto kCases = std::to_array<Case>({
      {"", ""},
      {"alice@example.test", "alice@example.test"},
      {"!\"#$%&'()*,-./:;<>?@[\\]^_`{|}~", "!\"#$%&'()*,-./:;<>?@[\\]^_`{|}~"},
      {"a+b=c", "a+2Bb+3Dc"},
      {"a b", "a+20b"},
      {"\r\n\0\x7f"sv, "+0D+0A+00+7F"},
      {"b\xc3\xbc", "b+C3+BC"},
  });
  for (const auto& [text, coded] : kCases) {
    SCOPED_TRACE(coded);
    EXPECT_EQ(encode_xtext(text), coded);
    const auto decoded = decode_xtext(coded);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, text);
  }
}

TEST(Xtext, ReadsWhatIsCodedWithoutNeed) { EXPECT_EQ(decode_xtext("+61+7E").value_or(""), "a~"); }

TEST(Xtext, RefusesWhatIsNone) {
  for (std::string_view coded :
       {"+2b", "a+2", "+", "+GG", "+ 2", "a=b", "a b", "a\x01", "a\x7f", "b\xc3\xbc"}) {
    SCOPED_TRACE(coded);
    const auto decoded = decode_xtext(coded);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().kind, Kind::malformed);
  }
}

TEST(Xtext, KeepsUtf8WhereItMay) {  // RFC 6533 §3
  EXPECT_EQ(encode_xtext("b\xc3\xbc+", true), "b\xc3\xbc+2B");
  const auto decoded = decode_xtext("b\xc3\xbc+2B", true);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, "b\xc3\xbc+");
}

TEST(Xtext, BringsEveryOctetBack) {
  for (int octet = 0; octet < 256; ++octet) {
    SCOPED_TRACE(octet);
    const std::string text(1, static_cast<char>(octet));
    const auto decoded = decode_xtext(encode_xtext(text));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, text);
  }
}

}  // namespace
}  // namespace ph::codec
