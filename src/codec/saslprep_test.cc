#include "codec/saslprep.h"

#include <gtest/gtest.h>

#include "base/testing/conformance.h"

namespace ph::codec {
namespace {

struct SaslprepCase : ::testing::TestWithParam<boost::json::value> {};

TEST_P(SaslprepCase, Conforms) {
  const auto& one = GetParam();
  SCOPED_TRACE("RFC 4013 §" + ph::testing::text(one, "spec"));
  const auto prepared = saslprep(ph::testing::text(one, "text"));
  if (!ph::testing::has(one, "prepared")) {
    ASSERT_FALSE(prepared);
    EXPECT_EQ(prepared.error().kind, Kind::malformed);
    return;
  }
  ASSERT_TRUE(prepared) << describe(prepared.error());
  EXPECT_EQ(*prepared, ph::testing::text(one, "prepared"));
}

INSTANTIATE_TEST_SUITE_P(File, SaslprepCase,
                         ::testing::ValuesIn(ph::testing::cases("codec/saslprep.json")),
                         ph::testing::CaseName());

TEST(Saslprep, HasLimits) {
  EXPECT_EQ(saslprep(std::string(kSaslprepOctetsMax, 'x')).value().size(), kSaslprepOctetsMax);
  EXPECT_EQ(saslprep(std::string(kSaslprepOctetsMax + 1, 'x')).error().kind, Kind::over_limit);
  std::string grows;  // U+FDFA, three octets, is 18 characters of Arabic
  for (std::size_t i = 0; i < kSaslprepOctetsMax / 3; ++i) grows += "\xef\xb7\xba";
  EXPECT_EQ(saslprep(grows).error().kind, Kind::over_limit);
  EXPECT_EQ(saslprep(grows.substr(0, 300)).value().size(), 3300u);  // 33 octets each
  EXPECT_EQ(saslprep("a\xff").error().kind, Kind::malformed);
}

}  // namespace
}  // namespace ph::codec
