#include "codec/binhex.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "codec/crc.h"
#include "codec/testing/splits.h"

namespace ph::codec {
namespace {

using testing::answer;
using testing::noise;

std::string file(const std::string& name) {
  std::ifstream in(std::string(PH_SOURCE_DIR) + "/tests/corpus/binhex/" + name, std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST(Crc16, IsThatOfCcitt) { EXPECT_EQ(crc16("123456789"), 0x31c3); }

TEST(BinHexDecoder, TakesARealFileInsideANews) {
  const std::string text = file("newton.hqx");
  BinHexDecoder decoder;
  EXPECT_EQ(answer(decoder, text, 5000), (testing::Answer{file("newton.gif"), {}}));
  EXPECT_TRUE(decoder.ended());
  EXPECT_EQ(decoder.header()->data_octets, 66688u);
  const auto found = find_binhex(text);
  ASSERT_TRUE(found);
  EXPECT_EQ(text.substr(found->begin, 10), "(This file");
  EXPECT_TRUE(found->whole);
  EXPECT_EQ(found->name, decoder.header()->name);
}

TEST(BinHexDecoder, TakesRealFilesAtEverySplit) {
  for (const auto& [name, octets] : {std::pair("a.hqx", 380u), std::pair("b.hqx", 29u)}) {
    const std::string text = file(name);
    const auto got = testing::answer_at_every_split([] { return BinHexDecoder(); }, text);
    EXPECT_EQ(testing::faults(got.faults), testing::faults(Faults()));
    EXPECT_EQ(got.out.size(), octets);
    BinHexDecoder decoder(BinHexFork::resource);
    EXPECT_EQ(answer(decoder, text, 99).out, "");
    EXPECT_EQ(decoder.header()->resource_octets, 0u);
  }
}

struct BinHexCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(BinHexCase, ConformsAtEverySplit) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC " + ph::testing::text(one, "spec"));
  const std::string in = testing::octets(one, "in");
  const auto fork =
      ph::testing::text(one, "fork") == "resource" ? BinHexFork::resource : BinHexFork::data;
  const auto got = testing::answer_at_every_split([=] { return BinHexDecoder(fork); }, in);
  EXPECT_EQ(got.out, testing::octets(one, "out"));
  EXPECT_EQ(testing::faults(got.faults), testing::faults(one));
  BinHexDecoder decoder;
  answer(decoder, in, in.size() / 2);
  EXPECT_EQ(decoder.ended(), ph::testing::has(one, "ended") && one.at("ended").as_bool());
  if (ph::testing::has(one, "name"))
    EXPECT_EQ(decoder.header()->name, ph::testing::text(one, "name"));
}

INSTANTIATE_TEST_SUITE_P(File, BinHexCase,
                         ::testing::ValuesIn(ph::testing::cases("codec/binhex_decode.json")),
                         ph::testing::CaseName());

TEST(BinHexDecoder, GivesBackWhatWasEncoded) {
  for (std::size_t octets = 0; octets < 600; ++octets) {
    std::string value = noise(octets, static_cast<std::uint32_t>(octets));
    if (octets % 3 == 0) std::ranges::fill(value, "\x90\0a"[octets % 9 / 3]);
    if (octets % 3 == 1)
      for (char& c : value) c = static_cast<unsigned char>(c) < 128 ? '\x90' : 'r';
    const BinHexFile file = {"name", "TEXT", "ttxt", 0x0100, value.substr(octets / 2)};
    BinHexEncoder encoder(file);
    const auto text = answer(encoder, value, octets / 3);
    EXPECT_EQ(text.faults.count(), 0u);
    BinHexDecoder data, resource(BinHexFork::resource);
    ASSERT_EQ(answer(data, text.out, 60), (testing::Answer{value, {}})) << octets;
    ASSERT_EQ(answer(resource, text.out, 61), (testing::Answer{file.resource, {}}));
    const auto size = static_cast<std::uint32_t>(octets);
    EXPECT_EQ(*data.header(), (BinHexHeader{"name", "TEXT", "ttxt", 0x0100, size,
                                            static_cast<std::uint32_t>(file.resource.size())}));
    for (std::size_t at = 0; at < text.out.size();) {
      const std::size_t end = text.out.find("\r\n", at);
      ASSERT_NE(end, text.out.npos);
      EXPECT_LE(end - at, 64u);
      at = end + 2;
    }
  }
}

TEST(BinHexDecoder, TakesAFileAgainInWhateverForm) {
  const std::string data = file("orange.txt");
  BinHexEncoder encoder({.name = "orange.txt", .resource = "peel"});
  const std::string text = answer(encoder, data, 0).out;
  const std::string coded = text.substr(text.find(':'));
  const auto with = [&](std::string_view line_end) {
    std::string other;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text.compare(at, 2, "\r\n") != 0) {
        other.push_back(text[at]);
      } else {
        other += line_end;
        ++at;
      }
    }
    return other;
  };
  for (const std::string& form :
       {with("\n"), with("\r"), with(" \r\n "), coded, "Hello: you\n:-)\n" + coded,
        "(this file MUST be converted with BinHex 4.0) or so\nwhat?\n" + coded}) {
    const auto got = testing::answer_at_every_split([] { return BinHexDecoder(); }, form);
    EXPECT_EQ(got, (testing::Answer{data, {}})) << form;
    const auto found = find_binhex(form);
    ASSERT_TRUE(found) << form;
    EXPECT_TRUE(found->whole);
    EXPECT_EQ(found->name, "orange.txt");
    EXPECT_FALSE(find_binhex(std::string_view(form).substr(found->end)));
  }
}

TEST(FindBinHex, EndsAFileThatDoesNotSayItsEnd) {
  BinHexEncoder encoder({.name = "n"});
  std::string text = "Hello\n" + answer(encoder, noise(300, 1), 0).out;
  text.resize(text.rfind(':'));
  text += "\r\n";
  const std::size_t end = text.size();
  text += "that was it.\r\nDid it\r\narrive?\r\nYours, me.\r\nagain: here\r\n";
  const auto found = find_binhex(text);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->begin, 7u - 1);
  EXPECT_EQ(found->end, end);
  EXPECT_FALSE(found->whole);
}

TEST(FindBinHex, FindsNothingInProse) {
  for (const std::string_view text :
       {"", ":", "::", ":-) and so on", ":aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
        "(This file must be converted with BinHex 4.0)\n\nor not\n"})
    EXPECT_FALSE(find_binhex(text)) << text;
}

}  // namespace
}  // namespace ph::codec
