#include "codec/charset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/testing/conformance.h"
#include "codec/testing/stream_run.h"
#include "codec/utf8.h"

namespace ph::codec {
namespace {

using testing::octets_of_hex;
using testing::run;
using testing::StreamRun;

std::vector<std::uint64_t> offsets(const Faults& faults) {
  std::vector<std::uint64_t> out;
  for (const Fault& fault : faults.kept()) out.push_back(fault.offset);
  return out;
}

std::vector<std::uint64_t> offsets(const boost::json::value& one) {
  std::vector<std::uint64_t> out;
  if (const auto* list = one.as_object().if_contains("faults"))
    for (const auto& offset : list->as_array()) out.push_back(offset.to_number<std::uint64_t>());
  return out;
}

std::string file(const std::string& name) {
  std::ifstream in(std::string(PH_SOURCE_DIR) + "/tests/corpus/mime-cpython/cjkencodings/" + name);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct CharsetNameCase : ::testing::TestWithParam<boost::json::value> {};
TEST_P(CharsetNameCase, IsReadAs) {
  const auto& one = GetParam();
  EXPECT_EQ(canonical_charset(ph::testing::text(one, "name")), ph::testing::text(one, "canonical"));
}
INSTANTIATE_TEST_SUITE_P(File, CharsetNameCase,
                         ::testing::ValuesIn(ph::testing::cases("codec/charset_names.json")),
                         ph::testing::CaseName());

struct CharsetCase : ::testing::TestWithParam<boost::json::value> {};
TEST_P(CharsetCase, ConformsAtEverySplit) {
  const auto& one = GetParam();
  SCOPED_TRACE(ph::testing::text(one, "spec"));
  const std::string charset = ph::testing::text(one, "charset");
  const std::string octets = octets_of_hex(ph::testing::text(one, "octets"));
  const std::string text = ph::testing::text(one, "text");
  CharsetDecoder decoder(charset);
  for (std::size_t cut = 0; cut <= octets.size(); ++cut) {
    SCOPED_TRACE(cut);
    const StreamRun got = run(decoder, octets, cut);
    EXPECT_EQ(got.out, text);
    EXPECT_EQ(offsets(got.faults), offsets(one));
    if (ph::testing::has(one, "guess")) {
      EXPECT_TRUE(decoder.is_guess());
      EXPECT_EQ(decoder.charset(), ph::testing::text(one, "guess"));
    }
  }
  EXPECT_EQ(run(decoder, octets, std::string::npos).out, text);
  EXPECT_EQ(to_utf8(octets, charset), text);
  if (!ph::testing::has(one, "both")) return;
  CharsetEncoder encoder(charset);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    SCOPED_TRACE(cut);
    const StreamRun got = run(encoder, text, cut);
    EXPECT_EQ(got.out, octets);
    EXPECT_EQ(got.faults.count(), 0u);
  }
}
INSTANTIATE_TEST_SUITE_P(File, CharsetCase,
                         ::testing::ValuesIn(ph::testing::cases("codec/charset.json")),
                         ph::testing::CaseName());

struct CharsetEncodeCase : ::testing::TestWithParam<boost::json::value> {};
TEST_P(CharsetEncodeCase, ConformsAtEverySplit) {
  const auto& one = GetParam();
  CharsetEncoder encoder(ph::testing::text(one, "charset"));
  const std::string text = ph::testing::text(one, "text");
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    SCOPED_TRACE(cut);
    const StreamRun got = run(encoder, text, cut);
    EXPECT_EQ(got.out, octets_of_hex(ph::testing::text(one, "octets")));
    EXPECT_EQ(offsets(got.faults), offsets(one));
  }
}
INSTANTIATE_TEST_SUITE_P(Charset, CharsetEncodeCase,
                         ::testing::ValuesIn(ph::testing::cases("codec/charset_encode.json")),
                         ph::testing::CaseName());

// Which of the corpus's charsets are ours, and which are not the same both ways, stands in
// tests/conformance/README.md.
struct CharsetCorpusCase : ::testing::TestWithParam<std::string> {};
TEST_P(CharsetCorpusCase, DecodesToTheSameText) {
  const std::string octets = file(GetParam() + ".txt"), text = file(GetParam() + "-utf8.txt");
  ASSERT_FALSE(octets.empty());
  CharsetDecoder decoder(GetParam());
  EXPECT_FALSE(decoder.is_guess());
  for (std::size_t cut = 0; cut <= octets.size(); cut += cut < 100 ? 1 : 97) {
    const StreamRun got = run(decoder, octets, cut);
    ASSERT_EQ(got.out, text) << cut;
    ASSERT_EQ(got.faults.count(), 0u) << cut;
  }
  if (GetParam() == "big5hkscs") return;  // two of its characters are two of Unicode's
  CharsetEncoder encoder(GetParam());
  const StreamRun back = run(encoder, text, text.size() / 2);
  EXPECT_EQ(back.faults.count(), 0u);
  EXPECT_EQ(to_utf8(back.out, GetParam()), text);
}
INSTANTIATE_TEST_SUITE_P(Cjk, CharsetCorpusCase,
                         ::testing::Values("big5", "big5hkscs", "cp949", "euc_jp", "gb18030",
                                           "gb2312", "gbk", "hz", "iso2022_jp", "iso2022_kr",
                                           "shift_jis"),
                         [](const auto& test) { return test.param; });

TEST(Charset, KnowsEveryOneOfItsOwn) {
  for (const std::string_view name : charsets()) {
    SCOPED_TRACE(name);
    EXPECT_EQ(canonical_charset(name), name);
    CharsetDecoder decoder(name);
    EXPECT_EQ(decoder.is_guess(), name == "us-ascii" || name == "unknown-8bit");
    // ASCII is itself, wherever it is not of two octets or four, or shifts.
    if (name.starts_with("utf-16") || name.starts_with("utf-32")) continue;
    std::string ascii;
    for (char c = 0; c >= 0 && c < 127; ++c)
      if (c != '~' && c != '+' && c != '\x1b' && c != '\x0e' && c != '\x0f') ascii.push_back(c);
    ascii.push_back('\x7f');
    const StreamRun got = run(decoder, ascii, 40);
    EXPECT_EQ(got.out, ascii);
    EXPECT_EQ(got.faults.count(), name == "utf-7" ? 28u : 0u);  // they have to be in base64
    CharsetEncoder encoder(name);
    EXPECT_EQ(run(decoder, run(encoder, ascii, 40).out).out, ascii);
  }
}

TEST(Charset, TakesAnyOctetsAtAnySplitAndGivesUtf8) {
  std::string octets;
  std::uint32_t seed = 7;
  for (int i = 0; i < 300; ++i) {
    seed = seed * 1664525 + 1013904223;
    constexpr std::string_view kOften = "\x1b$B(J~{}\n\x0e\x0f+-\xc3\xa4\xa4\xa1";
    octets.push_back(seed >> 31 == 0 ? static_cast<char>(seed >> 20)
                                     : kOften[(seed >> 20) % kOften.size()]);
  }
  for (const std::string_view name : charsets()) {
    SCOPED_TRACE(name);
    CharsetDecoder decoder(name);
    const StreamRun whole = run(decoder, octets);
    EXPECT_TRUE(is_utf8(whole.out));
    EXPECT_EQ(run(decoder, octets, std::string::npos), whole);
    for (std::size_t cut = 1; cut <= octets.size(); ++cut) {
      const StreamRun got = run(decoder, octets, cut);
      ASSERT_EQ(got.out, whole.out) << cut;
      ASSERT_EQ(offsets(got.faults), offsets(whole.faults)) << cut;
    }
    EXPECT_TRUE(std::ranges::is_sorted(offsets(whole.faults)));
    CharsetEncoder encoder(name);
    const StreamRun written = run(encoder, whole.out);
    for (std::size_t cut = 1; cut <= whole.out.size(); ++cut)
      ASSERT_EQ(run(encoder, whole.out, cut), written) << cut;
  }
}

TEST(Charset, EncodersKeepFaultsOfAllKindsInOrder) {
  std::string text;
  for (int i = 0; i < 200; ++i)
    text +=
        "\u20ac\xff"
        "a";
  CharsetEncoder encoder("iso-8859-1");
  std::string out, expected;
  encoder.feed(text, out);
  encoder.finish(out);
  for (int i = 0; i < 200; ++i)
    expected +=
        "?"
        "?"
        "a";
  EXPECT_EQ(out, expected);
  EXPECT_EQ(encoder.faults().count(), 400U);
  const auto where = offsets(encoder.faults());
  ASSERT_EQ(where.size(), kFaultsKeptMax);
  for (std::size_t i = 0; i < where.size(); ++i) EXPECT_EQ(where[i], 5 * (i / 2) + (i % 2) * 3);
}

TEST(Charset, GuessesFromSoManyOctetsAndNoMore) {
  // The last octet that decides is in the middle of a character.
  std::string octets = "x";
  while (octets.size() < kCharsetGuessOctetsMax + 100) octets += "\xe2\x82\xac";
  CharsetDecoder decoder("");
  const StreamRun whole = run(decoder, octets);
  EXPECT_TRUE(octets.starts_with(whole.out.substr(0, whole.out.size() - 3)));
  EXPECT_EQ(decoder.charset(), "utf-8");
  for (const std::size_t cut : {kCharsetGuessOctetsMax - 1, kCharsetGuessOctetsMax,
                                kCharsetGuessOctetsMax + 1, kCharsetGuessOctetsMax + 2})
    EXPECT_EQ(run(decoder, octets, cut), whole);
  std::string early;
  decoder.feed(octets.substr(0, kCharsetGuessOctetsMax), early);
  EXPECT_EQ(early, "x");
  decoder.feed("\xe2", early);
  EXPECT_GT(early.size(), kCharsetGuessOctetsMax - 10);
  decoder.finish(early);
  // What comes later than that is replaced.
  EXPECT_EQ(run(decoder, octets + "\xff").faults.count(), 1u);
}

TEST(Utf8, FindsThePrefixAtEveryLengthAndPlace) {
  for (std::size_t ascii = 0; ascii < 140; ++ascii) {
    const std::string text(ascii, 'a');
    for (const std::string_view good : {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
      const std::string mixed = text + std::string(good) + text;
      EXPECT_EQ(ascii_prefix(mixed), ascii);
      EXPECT_EQ(utf8_prefix(mixed), mixed.size());
      EXPECT_EQ(utf8_prefix(std::string_view(mixed).substr(0, ascii + good.size() - 1)), ascii);
      EXPECT_EQ(utf8_prefix(mixed + '\x80'), mixed.size());
    }
  }
}

// Against the definition: every character, and every pair of octets around the borders.
TEST(Utf8, TakesEveryCharacterAndNothingElse) {
  for (char32_t point = 0; point <= 0x10ffff; ++point) {
    if (point >= 0xd800 && point < 0xe000) continue;
    std::string text;
    append_utf8(point, text);
    const Utf8Head head = utf8_head(text);
    ASSERT_EQ(head.is, Utf8Head::Is::character);
    ASSERT_EQ(head.point, point);
    ASSERT_EQ(head.octets, text.size());
    ASSERT_EQ(utf8_prefix(text), text.size());
  }
  for (std::string_view bad :
       {"\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\x80"}) {
    EXPECT_EQ(utf8_head(bad).is, Utf8Head::Is::malformed);
    EXPECT_EQ(utf8_head(bad).octets, 1);
    EXPECT_EQ(utf8_prefix(bad), 0u);
  }
}

}  // namespace
}  // namespace ph::codec
