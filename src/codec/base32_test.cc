#include "codec/base32.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/testing/splits.h"

namespace ph::codec {
namespace {

using testing::noise;

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
