#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/base32.h"
#include "codec/base64.h"

namespace ph::codec {
namespace {

// A fixed sequence, so that a failure repeats.
std::string noise(std::size_t octets, std::uint32_t seed) {
  std::string out;
  for (std::size_t i = 0; i < octets; ++i) {
    seed = seed * 1664525 + 1013904223;
    out.push_back(static_cast<char>(seed >> 24));
  }
  return out;
}

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

TEST(Base64Lines, AreThoseOfTheWholeAtEverySplit) {  // RFC 2045 §6.8
  for (const std::size_t octets : {0u, 1u, 56u, 57u, 58u, 114u, 115u, 200u}) {
    SCOPED_TRACE(octets);
    const std::string value = noise(octets, 7);
    std::string expected = encode_base64(value);
    for (std::size_t at = 76; at < expected.size(); at += 78) expected.insert(at, "\r\n");
    for (std::size_t cut = 0; cut <= octets; ++cut) {
      Base64LineEncoder encoder;
      std::string out;
      for (int body = 0; body < 2; ++body) {  // the second as if it were the first
        out.clear();
        encoder.encode(std::string_view(value).substr(0, cut), out);
        encoder.encode(std::string_view(value).substr(cut), out);
        encoder.finish(out);
        ASSERT_EQ(out, expected) << cut;
      }
    }
  }
}

TEST(Base32, EncodesSixteenOctetsInTwentySix) {
  EXPECT_EQ(encode_base32(""), "");
  EXPECT_EQ(encode_base32(std::string(1, '\0')), "00");
  EXPECT_EQ(encode_base32("\xff"), "zw");
  EXPECT_EQ(encode_base32("hello"), "d1jprv3f");
  EXPECT_EQ(encode_base32(std::string(16, '\xff')), std::string(25, 'z') + "w");
  EXPECT_EQ(encode_base32(noise(16, 1)).size(), 26u);
}

TEST(Base32, DecodesEveryEncoding) {
  for (std::size_t octets = 0; octets < 200; ++octets) {
    const std::string value = noise(octets, static_cast<std::uint32_t>(octets));
    EXPECT_EQ(decode_base32(encode_base32(value)).value(), value);
  }
}

TEST(Base32, SortsAsTheOctetsDo) {
  std::vector<std::string> values;
  for (std::uint32_t i = 0; i < 300; ++i) values.push_back(noise(i % 9, i));
  std::ranges::sort(values, [](const std::string& a, const std::string& b) {
    return std::ranges::lexicographical_compare(a, b, [](char x, char y) {
      return static_cast<std::uint8_t>(x) < static_cast<std::uint8_t>(y);
    });
  });
  for (std::size_t i = 1; i < values.size(); ++i)
    EXPECT_LE(encode_base32(values[i - 1]), encode_base32(values[i]));
}

TEST(Base32, RefusesWhatNoEncoderWrites) {
  for (std::string_view text : {"0", "000", "000000", "01", "D1JPRV3F", "d1jprv3u", "d1jprv3 ",
                                "il", "oo", "00=", "\xc3\xa4"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(decode_base32(text));
  }
}

}  // namespace
}  // namespace ph::codec
