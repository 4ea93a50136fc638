#include "app/daemon/units.h"

#include <gtest/gtest.h>

#include <array>

namespace ph::daemon {
namespace {

using namespace std::chrono_literals;

TEST(Duration, IsASumOfNumbersWithUnits) {
  EXPECT_EQ(*parse_duration("5m"), 5min);
  EXPECT_EQ(*parse_duration(" 4 h "), 4h);
  EXPECT_EQ(*parse_duration("1d2h3m4s5ms"), 26h + 3min + 4s + 5ms);
  EXPECT_EQ(*parse_duration("0"), 0s);
  for (const char* wrong : {"", "5", "m", "5x", "-5m", "5m 3", "1.5h", "5mm"}) {
    SCOPED_TRACE(wrong);
    ASSERT_FALSE(parse_duration(wrong));
    EXPECT_EQ(parse_duration(wrong).error().kind, Kind::malformed);
  }
  EXPECT_EQ(parse_duration("36501d").error().kind, Kind::over_limit);
  EXPECT_EQ(parse_duration("36500d1ms").error().kind, Kind::over_limit);
}

TEST(Duration, IsWrittenSoThatItReadsBack) {
  for (const auto d : {0ms, 1ms, 999ms, 60000ms, 5400000ms, 86400001ms}) {
    EXPECT_EQ(*parse_duration(format_duration(d)), d) << format_duration(d);
  }
  EXPECT_EQ(format_duration(90min), "1h30m");
  EXPECT_EQ(format_duration(-90s), "-1m30s");
}

TEST(Octets, CountByThousandsOrByPowersOfTwo) {
  EXPECT_EQ(*parse_octets("25 MB"), 25'000'000u);
  EXPECT_EQ(*parse_octets("25MiB"), 25u << 20);
  EXPECT_EQ(*parse_octets("1g"), 1'000'000'000u);
  EXPECT_EQ(*parse_octets("512 ki"), 512u << 10);
  EXPECT_EQ(*parse_octets("7"), 7u);
  EXPECT_EQ(*parse_octets("7 B"), 7u);
  for (const char* wrong : {"", "MB", "1 XB", "-1", "1.5 MB", "1 iB", "1 MBB"}) {
    SCOPED_TRACE(wrong);
    ASSERT_FALSE(parse_octets(wrong));
    EXPECT_EQ(parse_octets(wrong).error().kind, Kind::malformed);
  }
  EXPECT_EQ(parse_octets("99999999 TiB").error().kind, Kind::over_limit);
}

TEST(Octets, AreWrittenForPeople) {
  EXPECT_EQ(format_octets(999), "999 B");
  EXPECT_EQ(format_octets(1500), "1.5 kB");
  EXPECT_EQ(format_octets(25'000'000), "25.0 MB");
  EXPECT_EQ(format_octets(999'999), "1.0 MB");
}

TEST(Nearest, FindsWhatWasMeantAndNothingFarOff) {
  constexpr std::array<std::string_view, 3> known{"smtp", "submission", "pop3"};
  EXPECT_EQ(nearest("smpt", known), "smtp");
  EXPECT_EQ(nearest("submision", known), "submission");
  EXPECT_EQ(nearest("POP3", known), "pop3");
  EXPECT_EQ(nearest("hostname", known), "");
}

}  // namespace
}  // namespace ph::daemon
