#include "codec/quoted_printable.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/testing/conformance.h"
#include "codec/testing/splits.h"

namespace ph::codec {
namespace {

std::string encoded(std::string_view octets, QuotedPrintable flavour) {
  QuotedPrintableEncoder encoder(flavour);
  return testing::answer(encoder, octets, octets.size() / 2).out;
}

testing::Answer decoded(std::string_view text) {
  QuotedPrintableDecoder decoder;
  return testing::answer(decoder, text, text.size() / 3);
}

struct EncodeCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(EncodeCase, ConformsAtEverySplitAndComesBack) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC 2045 §" + ph::testing::text(one, "spec"));
  const std::string in = ph::testing::text(one, "in");
  const auto flavour = ph::testing::text(one, "flavour") == "binary" ? QuotedPrintable::binary
                                                                     : QuotedPrintable::text;
  const auto make = [flavour] { return QuotedPrintableEncoder(flavour); };
  EXPECT_EQ(testing::answer_at_every_split(make, in).out, ph::testing::text(one, "out"));
  EXPECT_EQ(decoded(encoded(in, flavour)), (testing::Answer{in, {}}));
}

INSTANTIATE_TEST_SUITE_P(
    File, EncodeCase, ::testing::ValuesIn(ph::testing::cases("codec/quoted_printable_encode.json")),
    ph::testing::CaseName());

struct DecodeCase : ::testing::TestWithParam<boost::json::value> {};

/// Those that run on this machine; nullptr: none.
std::vector<QuotedPrintableKernel> kernels() {
  std::vector<QuotedPrintableKernel> all = {nullptr};
  if (avx2_quoted_printable_kernel() != nullptr) all.push_back(avx2_quoted_printable_kernel());
  return all;
}

TEST_P(DecodeCase, ConformsAtEverySplit) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC 2045 §" + ph::testing::text(one, "spec"));
  const std::string in = ph::testing::text(one, "in");
  // Alone, and behind enough text for a kernel.
  const std::string before(2 * kQuotedPrintableBlockOctets, 'b');
  for (const auto kernel : kernels()) {
    const auto make = [kernel] { return QuotedPrintableDecoder(kernel); };
    const auto got = testing::answer_at_every_split(make, in);
    EXPECT_EQ(got.out, ph::testing::text(one, "out"));
    EXPECT_EQ(testing::faults(got.faults), testing::faults(one));
    QuotedPrintableDecoder decoder = make();
    const std::string text = before + in + before;
    const auto longer = testing::answer(decoder, text, text.size());
    QuotedPrintableDecoder slow(nullptr);
    EXPECT_EQ(longer, testing::answer(slow, text, text.size()));
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
    const std::string text = encoded(all, flavour);
    EXPECT_TRUE(decoded(text) == (testing::Answer{all, {}}));
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
  for (int i = 0; i < 10'000; ++i) decoder.feed(" ", out);
  EXPECT_GE(out.size(), 10'000 - kQuotedPrintableBlankOctetsMax);
  decoder.feed("x", out);
  decoder.finish(out);
  EXPECT_EQ(out, std::string(10'000, ' ') + "x");
}

testing::Answer same_of_all(const std::string& text) {
  std::vector<testing::Answer> answers;
  for (const auto kernel : kernels())
    answers.push_back(
        testing::answer_at_every_split([kernel] { return QuotedPrintableDecoder(kernel); }, text));
  EXPECT_EQ(answers.front(), answers.back());
  return answers.front();
}

// Long enough for what is taken many octets at a time, and broken in every way.
TEST(QuotedPrintable, DecodesTheSameAtEverySplitOfLongText) {
  for (std::uint32_t seed = 0; seed < 8; ++seed) {
    std::string text;
    for (const char c : testing::noise(400, seed)) {
      constexpr std::string_view kOften = "= \t\r\n4a=\r\n  xyz\xe4=\x01";
      const auto value = static_cast<unsigned char>(c);
      text += value < 160 ? "plain text"[value % 10] : kOften[value % kOften.size()];
      if (value == 255) text += "=\r\n";
    }
    EXPECT_GT(same_of_all(text).faults.count(), 0u);
  }
  const std::string blanks = "a" + std::string(2 * kQuotedPrintableBlankOctetsMax + 5, ' ');
  for (const std::string_view end : {"", "\r\n", "\n", "\rb", "=\r\n", "=20\r\n", "b"})
    same_of_all(blanks + std::string(end));
}

// What a kernel takes, and what it must leave, wherever that stands in its blocks.
TEST(QuotedPrintable, DecodesTheSameWithEveryKernel) {
  for (const std::string_view one :
       {"=3D",     "=3d",
        "=\r\n",   "\r\n",
        "=4",      "=4G",
        "==41",    "=",
        "= \r\n",  "=\r",
        "\r",      "\n",
        " \r\n",   "\t \t\r\n",
        "=20\r\n", " =\r\n",
        " = \r\n", "\r\n\r\n",
        "\r\r\n",  "=\r\n=\r\n",
        "\x7f",    "\x80",
        "\x01",    "=41=42=43=44=45=46=47=48=49=4A=4B=4C=4D=4E=4F=50=51=52=53=54=55=56=57"}) {
    for (std::size_t at = 0; at < 3 * kQuotedPrintableBlockOctets; ++at) {
      std::string text(5 * kQuotedPrintableBlockOctets, 'x');
      text.insert(at, one);
      std::vector<testing::Answer> answers;
      for (const auto kernel : kernels()) {
        QuotedPrintableDecoder decoder(kernel);
        answers.push_back(testing::answer(decoder, text, text.size()));
      }
      ASSERT_EQ(answers.front(), answers.back()) << one << " at " << at;
    }
  }
}

// Each text of four such octets, about where blocks meet.
TEST(QuotedPrintable, DecodesTheSameWithEveryKernelWhateverStandsTogether) {
  constexpr std::string_view kOctets = "x =\r\n4\x80";
  for (std::size_t number = 0; number < kOctets.size() * kOctets.size() * 49; ++number) {
    std::string four;
    for (std::size_t left = number; four.size() < 4; left /= kOctets.size())
      four += kOctets[left % kOctets.size()];
    for (std::size_t at = kQuotedPrintableBlockOctets - 5; at <= kQuotedPrintableBlockOctets + 1;
         ++at) {
      std::string text(4 * kQuotedPrintableBlockOctets, 'x');
      text.replace(at, 4, four);
      std::vector<testing::Answer> answers;
      for (const auto kernel : kernels()) {
        QuotedPrintableDecoder decoder(kernel);
        answers.push_back(testing::answer(decoder, text, text.size()));
      }
      ASSERT_EQ(answers.front(), answers.back()) << ::testing::PrintToString(four) << " at " << at;
    }
  }
}

TEST(QuotedPrintable, BeginsAnewAfterEachBody) {
  QuotedPrintableEncoder encoder(QuotedPrintable::text);
  QuotedPrintableDecoder decoder;
  std::string text, out;
  for (std::string_view body : {"From ", "x\r", "me"}) {
    encoder.feed(body, text);
    encoder.finish(text);
  }
  EXPECT_EQ(text, "From=20x=0Dme");
  for (std::string_view body : {"a=4", "1 ", "b=", "41"}) {
    decoder.feed(body, out);
    decoder.finish(out);
  }
  EXPECT_EQ(out, "a=41b41");
}

}  // namespace
}  // namespace ph::codec
