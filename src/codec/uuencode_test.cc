#include "codec/uuencode.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "codec/testing/splits.h"

namespace ph::codec {
namespace {

using testing::answer;
using testing::noise;

struct UuDecodeCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(UuDecodeCase, ConformsAtEverySplit) {
  const auto& one = GetParam();
  const std::string in = testing::octets(one, "in");
  const auto got = testing::answer_at_every_split([] { return UuDecoder(); }, in);
  EXPECT_EQ(got.out, testing::octets(one, "out"));
  EXPECT_EQ(testing::faults(got.faults), testing::faults(one));
  UuDecoder decoder;
  answer(decoder, in, in.size() / 2);
  EXPECT_EQ(decoder.ended(), ph::testing::has(one, "ended") && one.at("ended").as_bool());
  if (ph::testing::has(one, "name"))
    EXPECT_EQ(decoder.file()->name, ph::testing::text(one, "name"));
  if (ph::testing::has(one, "mode"))
    EXPECT_EQ(decoder.file()->mode, one.at("mode").to_number<std::uint32_t>());
  EXPECT_EQ(decoder.file() && decoder.file()->base64, ph::testing::has(one, "base64"));
}

INSTANTIATE_TEST_SUITE_P(File, UuDecodeCase,
                         ::testing::ValuesIn(ph::testing::cases("codec/uuencode_decode.json")),
                         ph::testing::CaseName());

struct UuEncodeCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(UuEncodeCase, ConformsAtEverySplitAndComesBack) {
  const auto& one = GetParam();
  const std::string in = testing::octets(one, "in");
  const UuFile file = {ph::testing::text(one, "name"), one.at("mode").to_number<std::uint32_t>(),
                       one.at("base64").as_bool()};
  const auto got = testing::answer_at_every_split([&] { return UuEncoder(file); }, in);
  EXPECT_EQ(got, (testing::Answer{ph::testing::text(one, "out"), {}}));
  UuDecoder decoder;
  EXPECT_EQ(answer(decoder, got.out, 5), (testing::Answer{in, {}}));
  EXPECT_EQ(decoder.file()->mode, file.mode);
}

INSTANTIATE_TEST_SUITE_P(File, UuEncodeCase,
                         ::testing::ValuesIn(ph::testing::cases("codec/uuencode_encode.json")),
                         ph::testing::CaseName());

TEST(UuDecoder, GivesBackWhatWasEncoded) {
  for (const bool base64 : {false, true}) {
    for (std::size_t octets = 0; octets < 200; ++octets) {
      const std::string value = noise(octets, static_cast<std::uint32_t>(octets));
      UuEncoder encoder({"name", 0600, base64});
      UuDecoder decoder;
      const std::string text = answer(encoder, value, octets / 2).out;
      ASSERT_EQ(answer(decoder, text, text.size() / 2), (testing::Answer{value, {}}));
      EXPECT_EQ(decoder.file(), (UuFile{"name", 0600, base64}));
    }
  }
}

TEST(UuDecoder, LooksAtSoMuchOfALineAndNoMore) {
  const std::string text = "begin 644 x\n#0V%T" + std::string(5000, ' ') + "\n`\nend\n";
  const auto got = testing::answer_at_every_split([] { return UuDecoder(); }, text);
  EXPECT_EQ(got.out, "Cat");
  ASSERT_EQ(got.faults.count(), 1u);
  EXPECT_EQ(got.faults.kept()[0].offset, 12 + kTextLineKeptOctetsMax);
}

TEST(FindUuencoded, FindsFilesInTextOneBehindTheOther) {
  const std::string first = "begin 644 one\r\n#0V%T\r\n`\r\nend\r\n";
  const std::string second = "begin-base64 600 two words\r\nQ2F0\r\n====\r\n";
  const std::string text = "Hello,\r\nbegin 644 people, and then\r\nmore.\r\n" + first +
                           "between\r\n" + second + "behind";
  const auto one = find_uuencoded(text);
  ASSERT_TRUE(one);
  EXPECT_EQ(text.substr(one->begin, one->end - one->begin), first);
  EXPECT_EQ(one->file, (UuFile{"one", 0644, false}));
  EXPECT_TRUE(one->whole);
  const std::string_view rest = std::string_view(text).substr(one->end);
  const auto two = find_uuencoded(rest);
  ASSERT_TRUE(two);
  EXPECT_EQ(rest.substr(two->begin, two->end - two->begin), second);
  EXPECT_EQ(two->file, (UuFile{"two words", 0600, true}));
  EXPECT_FALSE(find_uuencoded(rest.substr(two->end)));
}

TEST(FindUuencoded, EndsAFileThatDoesNotSayItsEnd) {
  const std::string file = "begin 644 one\n#0V%T\n#0V%T\n";
  for (const std::string_view behind :
       {"", "it was\nnice to see\nyou there\nonce again\nend of story\n", "begin 644 x\n#0V%T\n"}) {
    const std::string text = file + std::string(behind);
    const auto found = find_uuencoded(text);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->end, file.size()) << behind;
    EXPECT_FALSE(found->whole);
  }
}

TEST(FindUuencoded, FindsNothingInProse) {
  for (const std::string_view text :
       {"", "begin", "begin 644 name", "begin 644 name\n", "begin 644 name\nof a list",
        "begin 644 NAME\nALL IN UPPER CASE, AND YET NO FILE\nend\n", "begin 899 x\n#0V%T\nend\n",
        "begin644 x\n#0V%T\nend\n", "> begin 644 x\n> #0V%T\n> end\n"})
    EXPECT_FALSE(find_uuencoded(text)) << text;
}

}  // namespace
}  // namespace ph::codec
