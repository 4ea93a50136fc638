#include "message/header_masks.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ascii.h"

namespace ph::message {
namespace {

std::string noise(std::size_t octets, std::uint32_t seed) {
  constexpr std::string_view kOften("\n\n \t\r\0:\xe4", 8);
  std::string out;
  while (out.size() < octets) {
    seed = seed * 1664525 + 1013904223;
    out.push_back(seed >> 30 == 0 ? kOften[(seed >> 20) % kOften.size()] : 'x');
  }
  return out;
}

TEST(HeaderMasks, AreTheSameHoweverTheyAreMade) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const std::string text = noise(3 * kMaskedOctets + 1, seed);
    std::array<OctetMasks, 3> masks, one_by_one;
    mask_octets(text.data(), masks);
    mask_one_by_one(text.data(), one_by_one);
    EXPECT_EQ(masks, one_by_one);
    std::array<std::uint64_t, 3> ends, ends_one_by_one;
    EXPECT_EQ(mask_ends(text.data(), ends), mask_ends_one_by_one(text.data(), ends_one_by_one));
    EXPECT_EQ(ends, ends_one_by_one);
  }
}

TEST(HeaderMasks, TellWhetherThereIsMoreToSay) {
  const std::string usual =
      "a: b\r\n c\r\nd: " + std::string(kMaskedOctets, 'x') + "\r\n" + std::string(60, 'y');
  std::array<std::uint64_t, 2> ends;
  EXPECT_FALSE(mask_ends(usual.data(), ends));
  EXPECT_EQ(ends[0], 1u << 9);
  for (const char odd : {'\r', '\n', '\0', '\x80', '\xff'}) {
    for (std::size_t at = 1; at < 2 * kMaskedOctets; ++at) {
      std::string text = usual;
      text[at] = odd;
      EXPECT_EQ(mask_ends(text.data(), ends), text != usual) << at;
    }
  }
}

TEST(EndOfField, IsTheFirstLineEndWithoutABlankBehindIt) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const std::string text = noise(2 * kMaskedOctets + seed, seed);
    for (std::size_t from = 0; from <= text.size(); ++from) {
      const std::string rest = text.substr(from);  // with an end of its own, for the sanitizer
      std::size_t expected = rest.size();
      for (std::size_t i = rest.size(); i-- > 1;)
        if (rest[i - 1] == '\n' && !is_space(rest[i])) expected = i;
      ASSERT_EQ(end_of_field(rest), expected) << seed << ' ' << from;
    }
  }
}

}  // namespace
}  // namespace ph::message
