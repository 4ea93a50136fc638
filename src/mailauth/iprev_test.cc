#include "mailauth/iprev.h"

#include <gtest/gtest.h>

#include "mailauth/testing/zone.h"

namespace ph::mailauth {
namespace {

using testing::Zone;

struct Check {
  std::string ip;
  std::optional<IprevOutcome> run(Lookups& lookups) const { return check_iprev(ip, lookups); }
};

IprevOutcome check(Zone& zone, std::string ip = "192.0.2.1") {
  const Check one{std::move(ip)};
  return zone.run(one);
}

constexpr std::string_view kReverse = "1.2.0.192.in-addr.arpa";

// RFC 8601 §2.7.3, §3.
TEST(Iprev, PassesWhereANameLeadsBack) {
  Zone zone;
  zone.target(kReverse, dns::kTypePtr, "other.test");
  zone.target(kReverse, dns::kTypePtr, "mx.test");
  zone.address("other.test", "192.0.2.9");
  zone.address("mx.test", "192.0.2.8");
  zone.address("mx.test", "192.0.2.1");
  const auto outcome = check(zone);
  EXPECT_EQ(outcome.result, IprevResult::pass);
  EXPECT_EQ(outcome.name, "mx.test");
}

TEST(Iprev, OfIpv6) {
  Zone zone;
  zone.target("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
              dns::kTypePtr, "mx.test");
  zone.address("mx.test", "2001:db8::1");
  EXPECT_EQ(check(zone, "2001:db8::1").result, IprevResult::pass);
}

TEST(Iprev, FailsWhereNoneDoes) {
  Zone zone;
  zone.target(kReverse, dns::kTypePtr, "mx.test");
  zone.address("mx.test", "192.0.2.9");
  const auto outcome = check(zone);
  EXPECT_EQ(outcome.result, IprevResult::fail);
  EXPECT_EQ(outcome.name, "mx.test");
}

TEST(Iprev, WithoutANameThereIsNothingToCheck) {
  Zone zone;
  EXPECT_EQ(check(zone).result, IprevResult::permerror);
  EXPECT_EQ(check(zone, "mx.test").result, IprevResult::permerror);
}

TEST(Iprev, DnsTroubleIsTemporary) {
  Zone zone;
  zone.fails(kReverse, dns::Status::failed);
  EXPECT_EQ(check(zone).result, IprevResult::temperror);
  Zone half;
  half.target(kReverse, dns::kTypePtr, "mx.test");
  half.fails("mx.test", dns::Status::timed_out);
  EXPECT_EQ(check(half).result, IprevResult::temperror);
}

TEST(Iprev, LooksAtSoManyNamesOnly) {
  Zone zone;
  for (std::size_t i = 0; i < 1000; ++i)
    zone.target(kReverse, dns::kTypePtr, "n" + std::to_string(i) + ".test");
  zone.address("n999.test", "192.0.2.1");
  EXPECT_EQ(check(zone).result, IprevResult::fail);
  EXPECT_EQ(zone.asked(), 1 + kIprevNamesMax);
}

}  // namespace
}  // namespace ph::mailauth
