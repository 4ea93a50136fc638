#include "feedback/shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ph::feedback {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(FeedbackShares, OneOrganizationBeginsSoManyReportsADay) {
  Admissions admissions(2);
  EXPECT_TRUE(admissions.admit(1, "a.test", false, "x"));
  EXPECT_TRUE(admissions.admit(1, "a.test", false, "y"));
  EXPECT_FALSE(admissions.admit(1, "a.test", false, "z"));
  EXPECT_TRUE(admissions.admit(1, "a.test", false, "x"));  // goes on
  EXPECT_TRUE(admissions.admit(1, "a.test", true, "own"));
  EXPECT_TRUE(admissions.admit(1, "b.test", false, "z"));
  EXPECT_TRUE(admissions.admit(2, "a.test", false, "z"));
  EXPECT_FALSE(admissions.admit(1, "a.test", false, "w"));  // the day before is known still
}

TEST(FeedbackShares, TheOrganizationsOwnDomainIsSentFirst) {
  OrganizationShares shares(3);
  for (int i = 0; i < 5; ++i) shares.count("a.test", false);
  EXPECT_TRUE(shares.crowded());
  shares.count("a.test", true);
  shares.count("b.test", false);
  int others = 0;
  for (int i = 0; i < 5; ++i) others += shares.admit("a.test", false, 10) ? 1 : 0;
  EXPECT_EQ(others, 2);
  EXPECT_TRUE(shares.admit("a.test", true, 1));
  EXPECT_TRUE(shares.admit("b.test", false, 1));
  const auto refused = shares.refused();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].organization, "a.test");
  EXPECT_EQ(refused[0].reports, 3u);
  EXPECT_EQ(refused[0].messages, 30u);
}

TEST(FeedbackShares, AsManyAsTheShareAreNoCrowd) {
  OrganizationShares shares(3);
  for (int i = 0; i < 3; ++i) shares.count("a.test", i == 0);
  EXPECT_FALSE(shares.crowded());
  shares.count("a.test", false);
  EXPECT_TRUE(shares.crowded());
}

TEST(FeedbackShares, ADestinationTakesSoManyOfEachDay) {
  DestinationShares shares(2);
  EXPECT_TRUE(shares.take(1, "a.test"));
  EXPECT_TRUE(shares.take(1, "a.test"));
  EXPECT_FALSE(shares.take(1, "a.test"));
  EXPECT_TRUE(shares.take(2, "a.test"));
  EXPECT_TRUE(shares.take(1, "b.test"));
  EXPECT_THAT(shares.take_refused(), ElementsAre(Pair("a.test", 1)));
  EXPECT_THAT(shares.take_refused(), IsEmpty());
  shares.give_back(1, "a.test");
  EXPECT_TRUE(shares.take(1, "a.test"));
  EXPECT_FALSE(shares.take(1, "a.test"));
  shares.forget_before(2);
  EXPECT_TRUE(shares.take(1, "a.test"));
  EXPECT_TRUE(shares.take(2, "a.test"));
  EXPECT_FALSE(shares.take(2, "a.test"));
}

}  // namespace
}  // namespace ph::feedback
