#include "codec/yenc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "codec/crc.h"
#include "codec/testing/splits.h"

namespace ph::codec {
namespace {

using testing::answer;
using testing::noise;

TEST(Crc32, IsTheUsualOne) {
  EXPECT_EQ(crc32("123456789"), 0xcbf43926u);
  EXPECT_EQ(crc32(""), 0u);
  const std::string value = noise(100, 1);
  for (std::size_t cut = 0; cut <= value.size(); ++cut)
    EXPECT_EQ(crc32(std::string_view(value).substr(cut), crc32(value.substr(0, cut))),
              crc32(value));
}

struct YencCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(YencCase, ConformsAtEverySplit) {
  const auto& one = GetParam();
  const std::string in = testing::octets(one, "in");
  const auto got = testing::answer_at_every_split([] { return YencDecoder(); }, in);
  EXPECT_EQ(got.out, testing::octets(one, "out"));
  EXPECT_EQ(testing::faults(got.faults), testing::faults(one));
  YencDecoder decoder;
  answer(decoder, in, in.size() / 2);
  EXPECT_EQ(decoder.ended(), ph::testing::has(one, "ended") && one.at("ended").as_bool());
  if (ph::testing::has(one, "name"))
    EXPECT_EQ(decoder.part()->name, ph::testing::text(one, "name"));
  const auto number = [&](std::string_view name, std::uint64_t value) {
    if (ph::testing::has(one, name)) EXPECT_EQ(value, one.at(name).to_number<std::uint64_t>());
  };
  if (!decoder.part()) return;
  number("part", decoder.part()->part);
  number("total", decoder.part()->total);
  number("begin", decoder.part()->begin);
  number("end", decoder.part()->end);
}

INSTANTIATE_TEST_SUITE_P(File, YencCase,
                         ::testing::ValuesIn(ph::testing::cases("codec/yenc_decode.json")),
                         ph::testing::CaseName());

std::string every_octet() {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  return all;
}

TEST(YencEncoder, WritesWhatTheDraftSays) {
  YencEncoder encoder(YencPart{.name = "a\r\nb"});
  EXPECT_EQ(answer(encoder, "Cat", 1),
            (testing::Answer{"=ybegin line=128 size=3 name=a__b\r\nm\x8b\x9e\r\n"
                             "=yend size=3 crc32=a6130548\r\n",
                             {}}));
}

TEST(YencEncoder, EscapesWhatTransportsChange) {
  for (const std::size_t line_octets : {1u, 2u, 3u, 64u, 128u, 997u}) {
    YencEncoder encoder(YencPart{.name = "x", .line_octets = line_octets});
    std::string text = answer(encoder, every_octet() + every_octet(), 3).out;
    text = text.substr(text.find('\n') + 1);
    text = text.substr(0, text.find("=yend"));
    EXPECT_EQ(text.find('\0'), text.npos);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find("\r\n", at);
      ASSERT_NE(end, text.npos);
      const std::string line = text.substr(at, end - at);
      EXPECT_LE(line.size(), line_octets + 1);
      EXPECT_EQ(line.find_first_of("\r\n"), line.npos);
      EXPECT_FALSE(line.starts_with('.') || line.starts_with("=y"));
      EXPECT_FALSE(line.ends_with(' ') || line.ends_with('\t') || line.starts_with(' '));
      at = end + 2;
    }
  }
}

TEST(YencDecoder, GivesBackWhatWasEncoded) {
  for (std::size_t octets = 0; octets < 300; ++octets) {
    const std::string value = noise(octets, static_cast<std::uint32_t>(octets));
    YencEncoder encoder(YencPart{.name = "n", .line_octets = octets % 70 + 1});
    YencDecoder decoder;
    const std::string text = answer(encoder, value, octets / 2).out;
    ASSERT_EQ(answer(decoder, text, text.size() / 2), (testing::Answer{value, {}}));
    EXPECT_EQ(decoder.crc32(), crc32(value));
  }
}

TEST(YencParts, AreCompleteWhenEveryOctetIsThere) {
  const std::string value = noise(1000, 1);
  std::vector<YencPart> parts;
  std::string together(value.size(), '\0');
  for (const std::uint64_t begin : {600u, 0u, 300u}) {
    YencEncoder encoder({.name = "n",
                         .file_octets = value.size(),
                         .part = begin / 300 + 1,
                         .total = 3,
                         .begin = begin,
                         .file_crc32 = crc32(value)});
    YencDecoder decoder;
    const auto octets = std::min<std::size_t>(begin == 600 ? 400 : 300, value.size() - begin);
    const std::string text = answer(encoder, value.substr(begin, octets), 1).out;
    const auto got = answer(decoder, text, 10);
    EXPECT_EQ(got.faults.count(), 0u);
    parts.push_back(*decoder.part());
    EXPECT_EQ(parts.back().file_crc32, crc32(value));
    std::ranges::copy(got.out, together.begin() + static_cast<std::ptrdiff_t>(parts.back().begin));
  }
  EXPECT_EQ(together, value);
  EXPECT_EQ(check_yenc_parts(parts).what, YencParts::complete);
  parts.push_back(parts[1]);  // twice the same
  EXPECT_EQ(check_yenc_parts(parts).what, YencParts::complete);
  parts.pop_back();
  parts.pop_back();
  const YencCheck check = check_yenc_parts(parts);
  EXPECT_EQ(check.what, YencParts::missing);
  EXPECT_EQ(check.missing_at, 300u);
  parts[0].name = "other";
  EXPECT_EQ(check_yenc_parts(parts).what, YencParts::conflicting);
  EXPECT_EQ(check_yenc_parts({}).what, YencParts::missing);
}

TEST(FindYenc, FindsFilesInTextOneBehindTheOther) {
  const std::string one = "=ybegin line=128 size=3 name=one\r\nm\x8b\x9e\r\n=yend size=3\r\n";
  const std::string two =
      "=ybegin part=1 line=128 size=6 name=two\r\n=ypart begin=1 end=3\r\nm\x8b\x9e\r\n";
  const std::string text = "Hello\r\n=ybegin\r\n" + one + "and\r\n" + two + one;
  auto found = find_yenc(text);
  ASSERT_TRUE(found);
  EXPECT_EQ(text.substr(found->begin, found->end - found->begin), one);
  EXPECT_TRUE(found->whole);
  const std::string_view rest = std::string_view(text).substr(found->end);
  found = find_yenc(rest);
  ASSERT_TRUE(found);
  EXPECT_EQ(rest.substr(found->begin, found->end - found->begin), two);
  EXPECT_FALSE(found->whole);
  EXPECT_EQ(found->part.end, 3u);
  EXPECT_EQ(found->part.name, "two");
  EXPECT_FALSE(find_yenc("a text\r\n=yend size=3\r\n=ypart begin=1 end=2\r\n"));
}

}  // namespace
}  // namespace ph::codec
