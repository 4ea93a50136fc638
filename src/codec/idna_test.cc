#include "codec/idna.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/testing/conformance.h"

namespace ph::codec {
namespace {

std::u32string points(std::string_view utf8) {
  std::u32string out;
  for (std::size_t i = 0; i < utf8.size();) {
    const auto first = static_cast<unsigned char>(utf8[i]);
    const std::size_t octets = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    char32_t point = octets == 1 ? first : first & (0x7fU >> octets);
    for (std::size_t k = 1; k < octets; ++k)
      point = point << 6 | (static_cast<unsigned char>(utf8[i + k]) & 0x3fU);
    out.push_back(point);
    i += octets;
  }
  return out;
}

struct PunycodeCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(PunycodeCase, Conforms) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC 3492 §" + ph::testing::text(one, "spec"));
  const auto decoded = decode_punycode(ph::testing::text(one, "punycode"));
  if (ph::testing::has(one, "error")) {
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().kind, Kind::malformed);
    return;
  }
  const std::u32string text = points(ph::testing::text(one, "unicode"));
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(*decoded == text);
  EXPECT_EQ(encode_punycode(text).value(), ph::testing::text(one, "punycode"));
}

INSTANTIATE_TEST_SUITE_P(File, PunycodeCase,
                         ::testing::ValuesIn(ph::testing::cases("codec/punycode.json")),
                         ph::testing::CaseName());

struct IdnaCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(IdnaCase, Conforms) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC 5891 §" + ph::testing::text(one, "spec"));
  const std::string ascii = ph::testing::text(one, "ascii");
  if (ph::testing::has(one, "back")) {
    EXPECT_EQ(to_unicode_domain(ascii), ph::testing::text(one, "back"));
    return;
  }
  const auto got = to_ascii_domain(ph::testing::text(one, "unicode"));
  if (ph::testing::has(one, "error")) {
    ASSERT_FALSE(got);
    EXPECT_EQ(to_string(got.error().kind), ph::testing::text(one, "error"));
    return;
  }
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_EQ(*got, ascii);
  EXPECT_EQ(to_ascii_domain(to_unicode_domain(*got)).value(), ascii);
}

INSTANTIATE_TEST_SUITE_P(File, IdnaCase, ::testing::ValuesIn(ph::testing::cases("codec/idna.json")),
                         ph::testing::CaseName());

struct IdnaTypedCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(IdnaTypedCase, Conforms) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC 5891 §" + ph::testing::text(one, "spec"));
  const std::string typed = ph::testing::text(one, "typed");
  const auto ascii = to_ascii_typed_domain(typed), unicode = to_unicode_typed_domain(typed);
  if (ph::testing::has(one, "error")) {
    ASSERT_FALSE(ascii) << *ascii;
    ASSERT_FALSE(unicode);
    EXPECT_EQ(to_string(ascii.error().kind), ph::testing::text(one, "error"));
    if (ph::testing::has(one, "what")) {
      EXPECT_EQ(ascii.error().what, ph::testing::text(one, "what"));
    }
    return;
  }
  ASSERT_TRUE(ascii) << ascii.error().what;
  EXPECT_EQ(*ascii, ph::testing::text(one, "ascii"));
  EXPECT_EQ(unicode.value(), ph::testing::text(one, "unicode"));
  // Mapped once is mapped for good, and the wire agrees.
  EXPECT_EQ(to_ascii_typed_domain(*unicode).value(), *ascii);
  EXPECT_EQ(to_ascii_domain(*unicode).value(), *ascii);
}

INSTANTIATE_TEST_SUITE_P(File, IdnaTypedCase,
                         ::testing::ValuesIn(ph::testing::cases("codec/idna_typed.json")),
                         ph::testing::CaseName());

TEST(Idna, RefusesWhatIsNoUtf8) {
  for (std::string_view bad : {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                               "\xe3\x81", "a\x80", "\xc3(", "\xf8\x88\x80\x80\x80"}) {
    SCOPED_TRACE(::testing::PrintToString(bad));
    const auto got = to_ascii_domain(bad);
    ASSERT_FALSE(got);
    EXPECT_EQ(to_ascii_typed_domain(bad).error().kind, Kind::malformed);
    EXPECT_EQ(got.error().kind, Kind::malformed);
  }
}

TEST(Idna, BoundsItsWork) {
  EXPECT_EQ(encode_punycode(std::u32string(256, U'x')).error().kind, Kind::over_limit);
  EXPECT_EQ(decode_punycode(std::string(256, 'x')).error().kind, Kind::over_limit);
  EXPECT_EQ(to_ascii_typed_domain(std::string(kIdnaTypedOctetsMax + 1, 'x')).error().kind,
            Kind::over_limit);
  EXPECT_EQ(encode_punycode(U"\xd800").error().kind, Kind::malformed);
  // The largest delta that there is.
  std::u32string largest(254, U'\x80');
  largest.push_back(U'\x10ffff');
  EXPECT_TRUE(decode_punycode(encode_punycode(largest).value()).value_or(U"") == largest ||
              encode_punycode(largest)->size() > kIdnaDomainOctetsMax);
}

}  // namespace
}  // namespace ph::codec
