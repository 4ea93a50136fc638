#include "codec/base64.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/testing/conformance.h"
#include "codec/testing/splits.h"

namespace ph::codec {
namespace {

using testing::noise;

TEST(Base64, EncodesTheVectorsOfTheRfc) {  // RFC 4648 §10
  const std::vector<std::pair<std::string, std::string>> vectors = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {std::string("\xff\xfe\0\x3e\x3f", 5), "//4APj8="}};
  for (const auto& [octets, text] : vectors) {
    EXPECT_EQ(encode_base64(octets), text);
    EXPECT_EQ(decode_base64(text).value(), octets);
  }
}

TEST(Base64, DecodesEveryEncoding) {
  for (std::size_t octets = 0; octets < 200; ++octets) {
    const std::string value = noise(octets, static_cast<std::uint32_t>(octets));
    EXPECT_EQ(decode_base64(encode_base64(value)).value(), value);
  }
}

TEST(Base64, RefusesWhatNoEncoderWrites) {
  for (std::string_view text :
       {"Z", "Zg", "Zg=", "Zg===", "====", "=", "Zh==", "Zm9=", "Zm 9", "Zm9v\r\n",
        "Zg==Zg==", "Z=g=", "Zm9v====", "Zm9_", "Zm9-", "\xc3\xa4\xc3\xa4"}) {
    SCOPED_TRACE(text);
    const auto got = decode_base64(text);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind, Kind::malformed);
  }
}

/// Whichever run on this machine.
std::vector<const Base64Kernels*> kernels() {
  std::vector<const Base64Kernels*> all = {&portable_base64_kernels()};
  if (avx2_base64_kernels() != nullptr) all.push_back(avx2_base64_kernels());
  return all;
}

TEST(Base64Kernels, AreChosenByTheProcessor) { EXPECT_EQ(&base64_kernels(), kernels().back()); }

std::string in_lines(std::string_view octets, std::size_t characters, std::string_view line_end) {
  std::string text = encode_base64(octets);
  for (std::size_t at = characters; at < text.size(); at += characters + line_end.size())
    text.insert(at, line_end);
  return text;
}

TEST(Base64Encoder, WritesTheLinesOfTheWholeAtEverySplit) {  // RFC 2045 §6.8
  for (const auto* kernel : kernels()) {
    for (const std::size_t octets : {0u, 1u, 56u, 57u, 58u, 114u, 115u, 200u, 399u}) {
      SCOPED_TRACE(octets);
      const std::string value = noise(octets, 7);
      const auto got =
          testing::answer_at_every_split([&] { return Base64Encoder(*kernel); }, value);
      EXPECT_EQ(got.out, in_lines(value, 76, "\r\n"));
    }
  }
}

struct Base64Case : ::testing::TestWithParam<boost::json::value> {};

TEST_P(Base64Case, ConformsAtEverySplitWithEveryKernel) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC " + ph::testing::text(one, "spec"));
  const std::string in = testing::octets(one, "in");
  for (const auto* kernel : kernels()) {
    const auto got = testing::answer_at_every_split([&] { return Base64Decoder(*kernel); }, in);
    EXPECT_EQ(got.out, testing::octets(one, "out"));
    EXPECT_EQ(testing::faults(got.faults), testing::faults(one));
  }
}

INSTANTIATE_TEST_SUITE_P(File, Base64Case,
                         ::testing::ValuesIn(ph::testing::cases("codec/base64_decode.json")),
                         ph::testing::CaseName());

TEST(Base64Decoder, TakesLinesOfAnyLength) {
  const std::string value = noise(500, 3);
  for (const auto* kernel : kernels()) {
    for (std::size_t characters = 1; characters < 140; ++characters) {
      for (const std::string_view line_end : {"\r\n", "\n", "\r", "\r\n\r\n"}) {
        Base64Decoder decoder(*kernel);
        const std::string text = in_lines(value, characters, line_end);
        ASSERT_EQ(testing::answer(decoder, text, text.size() / 3), (testing::Answer{value, {}}))
            << characters;
      }
    }
  }
}

TEST(Base64Decoder, FindsOneWrongOctetWhereverItStands) {
  const std::string value = noise(300, 5);
  const std::string right = in_lines(value, 76, "\r\n");
  for (const auto* kernel : kernels()) {
    for (std::size_t at = 0; at < right.size(); ++at) {
      for (const char wrong : {'\0', ' ', '-', '\x7f', '\x80', '\xc1', '\xff'}) {
        std::string text = right;
        text.insert(at, 1, wrong);
        Base64Decoder decoder(*kernel);
        const auto got = testing::answer(decoder, text, text.size());
        ASSERT_EQ(got.out, value) << at;
        ASSERT_EQ(testing::faults(got.faults).size(), 1u);
        ASSERT_EQ(got.faults.kept()[0].offset, at);
      }
    }
  }
}

TEST(Base64Decoder, AgreesWithEveryKernelOnNoiseAtEverySplit) {
  constexpr std::string_view kOften = "ABab01+/=\r\n=x -_";
  for (std::uint32_t seed = 0; seed < 12; ++seed) {
    std::string text;
    for (const char c : noise(200, seed)) {
      const auto value = static_cast<unsigned char>(c);
      if (value % 64 == 0)
        text += in_lines(noise(150, seed), 76, "\r\n") + "\r\n";
      else
        text += kOften[value % kOften.size()];
    }
    std::vector<testing::Answer> answers;
    for (const auto* kernel : kernels())
      answers.push_back(
          testing::answer_at_every_split([&] { return Base64Decoder(*kernel); }, text));
    EXPECT_EQ(answers.front(), answers.back());
  }
}

}  // namespace
}  // namespace ph::codec
