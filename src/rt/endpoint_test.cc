#include "rt/endpoint.h"

#include <gtest/gtest.h>

namespace ph::rt {
namespace {

TEST(Endpoint, WritesAnAddressInTheFormOfRfc5952) {
  const std::pair<const char*, const char*> cases[] = {
      {"127.0.0.1", "127.0.0.1"},
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"1::", "1::"},
      {"2001:0DB8:0:0:0:0:0:0001", "2001:db8::1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // one zero group alone is not shortened
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},           // the longest run
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},     // the first of equals
      {"::1:0:0", "::1:0:0"},
      {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
      {"::ffff:192.0.2.1", "192.0.2.1"},
      {"0:0:0:0:0:FFFF:C000:0201", "192.0.2.1"},
  };
  for (const auto& [in, out] : cases) {
    SCOPED_TRACE(in);
    const auto ip = parse_ip(in);
    ASSERT_TRUE(ip);
    EXPECT_EQ(to_string(*ip), out);
    EXPECT_EQ(*parse_ip(to_string(*ip)), *ip);
  }
}

TEST(Endpoint, RefusesWhatIsNotAnAddress) {
  for (const char* text : {"",
                           ".",
                           "1.2.3",
                           "1.2.3.4.5",
                           "256.0.0.1",
                           "01.2.3.4",
                           "1.2.3.4 ",
                           "1..2.3",
                           "a.b.c.d",
                           "1.2.3.",
                           "+1.2.3.4",
                           ":",
                           ":::",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1:2:3:4:5:6:7:8::",
                           "::1:2:3:4:5:6:7:8",
                           "12345::",
                           "::g",
                           "1::2::3",
                           "1:2:3:4:5:6:7:",
                           ":1:2:3:4:5:6:7",
                           "1.2.3.4::",
                           "::1.2.3",
                           "::1.2.3.4:5",
                           "fe80::1%eth0",
                           "[::1]",
                           "localhost"}) {
    SCOPED_TRACE(text);
    const auto ip = parse_ip(text);
    ASSERT_FALSE(ip);
    EXPECT_EQ(ip.error().kind, Kind::malformed);
  }
}

TEST(Endpoint, ReadsAndWritesEndpointsAndLiterals) {
  for (const char* text : {"127.0.0.1:25", "0.0.0.0:0", "[::1]:65535", "[2001:db8::1]:25"}) {
    SCOPED_TRACE(text);
    const auto endpoint = parse_endpoint(text);
    ASSERT_TRUE(endpoint);
    EXPECT_EQ(to_string(*endpoint), text);
  }
  for (const char* text : {"", "127.0.0.1", ":25", "127.0.0.1:", "127.0.0.1:65536", "::1:25",
                           "[::1]", "[127.0.0.1]:25", "[::1]25", "[::1:25", "127.0.0.1:025"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(parse_endpoint(text));
  }
  EXPECT_EQ(address_literal(*parse_ip("192.0.2.1")), "[192.0.2.1]");
  EXPECT_EQ(address_literal(*parse_ip("::1")), "[IPv6:::1]");
}

TEST(Endpoint, KnowsWhichNetworkHoldsAnAddress) {
  const auto in = [](const char* network, const char* ip) {
    return parse_network(network)->contains(*parse_ip(ip));
  };
  EXPECT_TRUE(in("10.0.0.0/8", "10.255.1.2"));
  EXPECT_FALSE(in("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(in("192.0.2.128/25", "192.0.2.200"));
  EXPECT_FALSE(in("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(in("0.0.0.0/0", "192.0.2.1"));
  EXPECT_FALSE(in("0.0.0.0/0", "::1"));
  EXPECT_TRUE(in("::/0", "2001:db8::1"));
  EXPECT_TRUE(in("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(in("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(in("::1", "::1"));
  EXPECT_FALSE(in("::1", "::2"));
  EXPECT_TRUE(in("::ffff:10.0.0.0/104", "10.1.2.3"));
  EXPECT_TRUE(in("10.0.0.0/8", "::ffff:10.1.2.3"));
  for (const char* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "::ffff:10.0.0.0/95"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(parse_network(text));
  }
}

TEST(Endpoint, KnowsLoopback) {
  EXPECT_TRUE(parse_ip("127.8.9.10")->is_loopback());
  EXPECT_TRUE(parse_ip("::1")->is_loopback());
  EXPECT_FALSE(parse_ip("::2")->is_loopback());
  EXPECT_FALSE(parse_ip("128.0.0.1")->is_loopback());
}

}  // namespace
}  // namespace ph::rt
