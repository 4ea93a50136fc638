#include "codec/encoded_word.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "base/testing/conformance.h"
#include "codec/testing/stream_run.h"
#include "codec/utf8.h"

namespace ph::codec {
namespace {

using testing::run;
using testing::StreamRun;

struct EncodedWordDecodeCase : ::testing::TestWithParam<boost::json::value> {};
TEST_P(EncodedWordDecodeCase, ConformsAtEverySplit) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC 2047 §" + ph::testing::text(one, "spec"));
  const std::string in = ph::testing::text(one, "in"), out = ph::testing::text(one, "out");
  Faults faults;
  EXPECT_EQ(decode_encoded_words(in, &faults), out);
  EXPECT_EQ(decode_encoded_words(in), out);
  const auto* count = one.as_object().if_contains("faults");
  EXPECT_EQ(faults.count(), count ? count->to_number<std::uint64_t>() : 0u);
  EncodedWordDecoder decoder;
  for (std::size_t cut = 0; cut <= in.size(); ++cut) {
    const StreamRun got = run(decoder, in, cut);
    EXPECT_EQ(got.out, out) << cut;
    EXPECT_EQ(got.faults, faults) << cut;
  }
}
INSTANTIATE_TEST_SUITE_P(File, EncodedWordDecodeCase,
                         ::testing::ValuesIn(ph::testing::cases("codec/encoded_word_decode.json")),
                         ph::testing::CaseName());

EncodedWordKind kind(std::string_view name) {
  if (name == "phrase") return EncodedWordKind::phrase;
  return name == "comment" ? EncodedWordKind::comment : EncodedWordKind::text;
}

struct EncodedWordEncodeCase : ::testing::TestWithParam<boost::json::value> {};
TEST_P(EncodedWordEncodeCase, Conforms) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC 2047 §" + ph::testing::text(one, "spec"));
  EXPECT_EQ(encode_encoded_words(ph::testing::text(one, "in"), kind(ph::testing::text(one, "kind")),
                                 one.at("column").to_number<std::size_t>()),
            ph::testing::text(one, "out"));
}
INSTANTIATE_TEST_SUITE_P(File, EncodedWordEncodeCase,
                         ::testing::ValuesIn(ph::testing::cases("codec/encoded_word_encode.json")),
                         ph::testing::CaseName());

/// As RFC 5322 §2.2.3 unfolds.
std::string unfolded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r') {
      ++i;
      continue;
    }
    out.push_back(text[i]);
  }
  return out;
}

TEST(EncodedWord, ComesBackFromShortLinesOfAscii) {
  constexpr std::string_view kPieces[] = {
      "a", "word", " ", "  ", "ä", "日本", "=?", "?=", "_", "😀", "(", ")", "\"", "\\", ",", "\t"};
  std::uint32_t seed = 3;
  for (int round = 0; round < 1000; ++round) {
    std::string text;
    for (std::uint32_t left = seed >> 8 & 63; left > 0; --left) {
      seed = seed * 1664525 + 1013904223;
      text += kPieces[(seed >> 20) % std::size(kPieces)];
    }
    seed = seed * 1664525 + 1013904223;
    for (const auto where :
         {EncodedWordKind::text, EncodedWordKind::phrase, EncodedWordKind::comment}) {
      const std::string header = encode_encoded_words(text, where, 9);
      ASSERT_TRUE(is_ascii(header));
      if (!header.starts_with('"'))
        ASSERT_EQ(decode_encoded_words(unfolded(header)), text) << header;
      for (std::size_t at = 0; at < header.size();) {
        const std::size_t end = std::min(header.find("\r\n", at), header.size());
        const std::string_view line = std::string_view(header).substr(at, end - at);
        if (line.find("=?UTF-8?") != line.npos)
          ASSERT_LE(line.size() + (at == 0 ? 9 : 0), kEncodedWordLineOctetsMax) << header;
        ASSERT_NE(line.find_first_not_of(" \t"), line.npos) << header;  // no line of blanks alone
        ASSERT_TRUE(at == 0 || is_space(line.front())) << header;
        at = end + 2;
      }
    }
  }
}

TEST(EncodedWord, StreamsLinesAndContinuations) {
  const std::string in =
      "Subject: =?utf-8?Q?a?=\r\n =?utf-8?Q?b?=\r\nFrom: =?utf-8?Q?c?=\nTo: d\r\n\r\n";
  EncodedWordDecoder decoder;
  for (std::size_t cut = 0; cut <= in.size(); ++cut)
    EXPECT_EQ(run(decoder, in, cut).out, "Subject: ab\r\nFrom: c\nTo: d\r\n\r\n");
  EncodedWordEncoder encoder;
  const std::string text = "Grüße\r\nplain\nnoch eins: é";
  const StreamRun whole = run(encoder, text);
  EXPECT_EQ(whole.out, "=?UTF-8?B?R3LDvMOfZQ==?=\r\nplain\nnoch eins: =?UTF-8?B?w6k=?=");
  for (std::size_t cut = 0; cut <= text.size(); ++cut) EXPECT_EQ(run(encoder, text, cut), whole);
  EXPECT_EQ(run(encoder, "a\xff").faults.kept().front().offset, 1u);
}

TEST(EncodedWord, HoldsBackOnlySoMuchAndCostsLinearTime) {
  // Beginnings without end; ends without beginning; and one line of all of it.
  for (const std::string_view part : {"=?a?q?", "=?", "?=",
                                      "=?a?q?"
                                      "?=00 ",
                                      "=?a?b?x?= ", "=?a?q?=?", "==?", "=?utf-8?Q?"}) {
    std::string text;
    while (text.size() < 1'000'000) text += part;
    EXPECT_LE(decode_encoded_words(text).size(), text.size() * 3);
    EncodedWordDecoder decoder;
    std::string out;
    std::size_t in = 0;
    for (std::size_t at = 0; at < text.size(); at += 1000) {
      decoder.feed(std::string_view(text).substr(at, 1000), out);
      in += std::min<std::size_t>(1000, text.size() - at);
    }
    decoder.finish(out);
    EXPECT_EQ(in, text.size());
  }
  EncodedWordEncoder encoder;
  std::string text, out;
  while (text.size() < kEncodedTextOctetsMax * 2) text += "€";
  const StreamRun whole = run(encoder, text);
  EXPECT_EQ(decode_encoded_words(whole.out), text);
  EXPECT_EQ(whole.faults.count(), 2u);
  for (const std::size_t cut :
       {kEncodedTextOctetsMax - 1, kEncodedTextOctetsMax, kEncodedTextOctetsMax + 1})
    EXPECT_EQ(run(encoder, text, cut), whole);
}

}  // namespace
}  // namespace ph::codec
