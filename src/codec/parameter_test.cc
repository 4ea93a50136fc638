#include "codec/parameter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/testing/conformance.h"
#include "codec/utf8.h"

namespace ph::codec {
namespace {

struct ParameterJoinCase : ::testing::TestWithParam<boost::json::value> {};
TEST_P(ParameterJoinCase, Conforms) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC 2231 §" + ph::testing::text(one, "spec"));
  std::vector<RawParameter> raw;
  for (const auto& pair : one.at("raw").as_array())
    raw.push_back({pair.at(0).as_string(), pair.at(1).as_string()});
  std::vector<Parameter> expected;
  for (const auto& out : one.at("out").as_array())
    expected.push_back({ph::testing::text(out, "name"), ph::testing::text(out, "value"),
                        ph::testing::text(out, "charset"), ph::testing::text(out, "language"),
                        ph::testing::has(out, "faulty")});
  const auto got = join_parameters(raw);
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].name, expected[i].name);
    EXPECT_EQ(got[i].value, expected[i].value);
    EXPECT_EQ(got[i].charset, expected[i].charset);
    EXPECT_EQ(got[i].language, expected[i].language);
    EXPECT_EQ(got[i].is_faulty, expected[i].is_faulty);
  }
}
INSTANTIATE_TEST_SUITE_P(File, ParameterJoinCase,
                         ::testing::ValuesIn(ph::testing::cases("codec/parameter_join.json")),
                         ph::testing::CaseName());

struct ParameterEncodeCase : ::testing::TestWithParam<boost::json::value> {};
TEST_P(ParameterEncodeCase, Conforms) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC 2231 §" + ph::testing::text(one, "spec"));
  std::vector<std::string> expected;
  for (const auto& piece : one.at("out").as_array()) expected.emplace_back(piece.as_string());
  EXPECT_EQ(encode_parameter(ph::testing::text(one, "name"), ph::testing::text(one, "value")),
            expected);
}
INSTANTIATE_TEST_SUITE_P(File, ParameterEncodeCase,
                         ::testing::ValuesIn(ph::testing::cases("codec/parameter_encode.json")),
                         ph::testing::CaseName());

/// What a reader of the header makes of a piece: name, and value without quotes.
std::pair<std::string, std::string> read(std::string_view piece) {
  const std::size_t equals = piece.find('=');
  std::string_view text = piece.substr(equals + 1);
  std::string value;
  if (text.starts_with('"')) {
    text = text.substr(1, text.size() - 2);
    for (std::size_t i = 0; i < text.size(); ++i) value.push_back(text[text[i] == '\\' ? ++i : i]);
  } else {
    value = text;
  }
  return {std::string(piece.substr(0, equals)), value};
}

TEST(Parameter, ComesBackFromPiecesThatFitALine) {
  constexpr std::string_view kPieces[] = {"a", "file", " ",  "ä", "日本", "\"", "\\", "%41",
                                          "'", "*",    "😀", ";", "=",    "\t", "."};
  std::uint32_t seed = 5;
  for (int round = 0; round < 700; ++round) {
    std::string value;
    for (std::uint32_t left = seed >> 8 & 63; left > 0; --left) {
      seed = seed * 1664525 + 1013904223;
      value += kPieces[(seed >> 20) % std::size(kPieces)];
    }
    seed = seed * 1664525 + 1013904223;
    const auto pieces = encode_parameter("filename", value);
    std::vector<std::pair<std::string, std::string>> texts;
    for (const std::string& piece : pieces) {
      ASSERT_LE(piece.size() + 2, kParameterLineOctetsMax) << piece;
      ASSERT_TRUE(is_ascii(piece));
      texts.push_back(read(piece));
    }
    std::vector<RawParameter> raw;
    for (const auto& [name, text] : texts) raw.insert(raw.begin(), {name, text});
    const auto got = join_parameters(raw);
    ASSERT_EQ(got.size(), 1u);
    ASSERT_EQ(got[0].value, value);
    ASSERT_FALSE(got[0].is_faulty);
  }
}

TEST(Parameter, TakesManyWithoutMoreThanLinearWork) {
  std::vector<std::string> names;
  for (int i = 0; i < 100'000; ++i) names.push_back("f*" + std::to_string(i % 2000));
  std::vector<RawParameter> raw;
  for (const std::string& name : names) raw.push_back({name, "x"});
  const auto got = join_parameters(raw);
  EXPECT_EQ(got.size(), 1 + 1000u);  // numbers from kParameterPiecesMax on are names of their own
  EXPECT_EQ(got.front().value, std::string(kParameterPiecesMax, 'x'));
}

}  // namespace
}  // namespace ph::codec
