#include "codec/quoted_printable.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/testing/conformance.h"

namespace ph::codec {
namespace {

std::string encoded(std::string_view octets, QuotedPrintable flavour, std::size_t cut) {
  QuotedPrintableEncoder encoder(flavour);
  std::string out;
  encoder.encode(octets.substr(0, cut), out);
  encoder.encode(octets.substr(cut), out);
  encoder.finish(out);
  return out;
}

std::string decoded(std::string_view text, std::size_t cut, std::uint64_t* malformed = nullptr) {
  QuotedPrintableDecoder decoder;
  std::string out;
  decoder.decode(text.substr(0, cut), out);
  decoder.decode(text.substr(cut), out);
  decoder.finish(out);
  if (malformed != nullptr) *malformed = decoder.malformed();
  return out;
}

struct EncodeCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(EncodeCase, ConformsAtEverySplitAndComesBack) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC 2045 §" + ph::testing::text(one, "spec"));
  const std::string in = ph::testing::text(one, "in");
  const auto flavour = ph::testing::text(one, "flavour") == "binary" ? QuotedPrintable::binary
                                                                     : QuotedPrintable::text;
  for (std::size_t cut = 0; cut <= in.size(); ++cut) {
    SCOPED_TRACE(cut);
    EXPECT_EQ(encoded(in, flavour, cut), ph::testing::text(one, "out"));
  }
  std::uint64_t malformed = 0;
  EXPECT_EQ(decoded(encoded(in, flavour, 0), 0, &malformed), in);
  EXPECT_EQ(malformed, 0u);
}

INSTANTIATE_TEST_SUITE_P(
    File, EncodeCase, ::testing::ValuesIn(ph::testing::cases("codec/quoted_printable_encode.json")),
    ph::testing::CaseName());

struct DecodeCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(DecodeCase, ConformsAtEverySplit) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC 2045 §" + ph::testing::text(one, "spec"));
  const std::string in = ph::testing::text(one, "in");
  for (std::size_t cut = 0; cut <= in.size(); ++cut) {
    SCOPED_TRACE(cut);
    std::uint64_t malformed = 0;
    EXPECT_EQ(decoded(in, cut, &malformed), ph::testing::text(one, "out"));
    EXPECT_EQ(malformed, one.at("malformed").to_number<std::uint64_t>());
  }
}

INSTANTIATE_TEST_SUITE_P(
    File, DecodeCase, ::testing::ValuesIn(ph::testing::cases("codec/quoted_printable_decode.json")),
    ph::testing::CaseName());

TEST(QuotedPrintable, KeepsEveryOctetAndEveryLineShort) {
  std::string all;
  std::uint32_t seed = 1;
  for (int i = 0; i < 5000; ++i) {
    seed = seed * 1664525 + 1013904223;
    constexpr std::string_view kOften = "ab \t\r\n=.-From \xc3\xa4";
    all.push_back(seed >> 31 == 0 ? static_cast<char>(seed >> 20)
                                  : kOften[(seed >> 20) % kOften.size()]);
  }
  for (const auto flavour : {QuotedPrintable::text, QuotedPrintable::binary}) {
    const std::string text = encoded(all, flavour, 1000);
    EXPECT_TRUE(decoded(text, 1001) == all);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find("\r\n", at), text.size());
      ASSERT_LE(end - at, kQuotedPrintableLineOctetsMax);
      ASSERT_FALSE(end > at && (text[end - 1] == ' ' || text[end - 1] == '\t'));
      at = end + 2;
    }
  }
}

TEST(QuotedPrintable, HoldsBackOnlySoMuchWhiteSpace) {
  QuotedPrintableDecoder decoder;
  std::string out;
  for (int i = 0; i < 10'000; ++i) decoder.decode(" ", out);
  EXPECT_GE(out.size(), 10'000 - kQuotedPrintableBlankOctetsMax);
  decoder.decode("x", out);
  decoder.finish(out);
  EXPECT_EQ(out, std::string(10'000, ' ') + "x");
}

TEST(QuotedPrintable, BeginsAnewAfterEachBody) {
  QuotedPrintableEncoder encoder(QuotedPrintable::text);
  QuotedPrintableDecoder decoder;
  std::string text, out;
  for (std::string_view body : {"From ", "x\r", "me"}) {
    encoder.encode(body, text);
    encoder.finish(text);
  }
  EXPECT_EQ(text, "From=20x=0Dme");
  for (std::string_view body : {"a=4", "1 ", "b=", "41"}) {
    decoder.decode(body, out);
    decoder.finish(out);
  }
  EXPECT_EQ(out, "a=41b41");
}

}  // namespace
}  // namespace ph::codec
