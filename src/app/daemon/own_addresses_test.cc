#include "app/daemon/own_addresses.h"

#include <gmock/gmock.h>

namespace ph::daemon {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using ::testing::Not;

Config listening(Protocol protocol, const std::vector<std::string>& at) {
  Config config;
  config.hostname = "mail.here.test";
  config.listeners = {{.protocol = protocol, .at = {}}};
  for (const auto& text : at) config.listeners.front().at.push_back(*rt::parse_endpoint(text));
  return config;
}

TEST(OwnAddresses, AreThoseOfSmtpListenersAtThePortOfOthers) {
  Config config = listening(Protocol::smtp, {"192.0.2.1:25", "[2001:db8::1]:25", "192.0.2.2:2525"});
  EXPECT_THAT(mx_self(config).names, ElementsAre("mail.here.test"));
  EXPECT_THAT(mx_self(config).addresses, ElementsAre("192.0.2.1", "2001:db8::1"));
  config.delivery_port = 2525;
  EXPECT_THAT(mx_self(config).addresses, ElementsAre("192.0.2.2"));
  EXPECT_EQ(own_addresses(config).size(), 3u);
  EXPECT_TRUE(mx_self(listening(Protocol::pop3, {"192.0.2.1:25"})).addresses.empty());
}

TEST(OwnAddresses, OfAListenerOnAllAreThoseOfTheMachine) {
  const auto four = mx_self(listening(Protocol::smtp, {"0.0.0.0:25"})).addresses;
  EXPECT_THAT(four, Contains("127.0.0.1"));
  EXPECT_THAT(four, Not(Contains("0.0.0.0")));
  EXPECT_THAT(four, Not(Contains("::1")));
  const auto both = mx_self(listening(Protocol::smtp, {"0.0.0.0:25", "[::]:25"})).addresses;
  EXPECT_THAT(both, IsSupersetOf(four));
  EXPECT_THAT(both, Not(Contains("::")));
}

}  // namespace
}  // namespace ph::daemon
