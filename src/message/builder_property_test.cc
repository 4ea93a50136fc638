// What the builder writes of any recipe is read as what went in.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

#include "message/testing/build_recipe.h"
#include "message/testing/built_oracle.h"

namespace ph::message {
namespace {

using testing::fault_of, testing::read_recipe;

/// The same in every run and with every standard library.
std::string octets_of(std::uint64_t seed) {
  std::mt19937_64 numbers(seed);
  std::string out(numbers() % 600, '\0');
  for (char& c : out) c = static_cast<char>(numbers() & 0xff);
  return out;
}

TEST(BuilderProperty, WhatIsReadIsWhatWentIn) {
  std::size_t proper = 0, parts = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    const auto recipe = read_recipe(octets_of(seed));
    proper += recipe.is_proper ? 1 : 0;
    parts += recipe.message.body.parts.size();
    ASSERT_EQ(fault_of(recipe), "");
  }
  EXPECT_GT(proper, 2000U);  // or nothing but refusals was looked at
  EXPECT_GT(parts, 1000U);
}

}  // namespace
}  // namespace ph::message
