#include "app/daemon/own_addresses.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "rt/os/addresses.h"

namespace ph::daemon {
namespace {

using Texts = std::vector<std::string>;

struct OwnAddresses : ::testing::Test {
  void SetUp() override {
    for (const char* ip : {"192.0.2.7", "127.0.0.1", "2001:db8::7", "::1"})
      machine.push_back(*rt::parse_ip(ip));
    config.delivery_port = 25;
  }
  void listen(Protocol protocol, const char* at) {
    config.listeners.push_back({.protocol = protocol, .at = {*rt::parse_endpoint(at)}});
  }
  Texts own() { return own_mail_addresses(config, machine); }
  std::vector<rt::IpAddress> machine;
  Config config = {};
};

TEST_F(OwnAddresses, AListenerOnEveryAddressIsOneOnEachOfItsFamily) {
  listen(Protocol::smtp, "0.0.0.0:25");
  EXPECT_EQ(own(), (Texts{"192.0.2.7", "127.0.0.1"}));
  config.listeners.clear();
  listen(Protocol::smtp, "[::]:25");
  EXPECT_EQ(own(), (Texts{"2001:db8::7", "::1"}));
}

TEST_F(OwnAddresses, AListenerOnOneAddressIsThatAlone) {
  listen(Protocol::smtp, "192.0.2.7:25");
  listen(Protocol::smtp, "[2001:db8::7]:25");
  EXPECT_EQ(own(), (Texts{"192.0.2.7", "2001:db8::7"}));
}

TEST_F(OwnAddresses, OtherPortsAndProtocolsDoNotCount) {
  listen(Protocol::smtp, "0.0.0.0:2525");
  listen(Protocol::submission, "0.0.0.0:25");
  EXPECT_EQ(own(), Texts{});
  config.delivery_port = 2525;
  EXPECT_EQ(own(), (Texts{"192.0.2.7", "127.0.0.1"}));
}

TEST_F(OwnAddresses, TheMachineHasAtLeastItsLoopback) {
  listen(Protocol::smtp, "0.0.0.0:25");
  const auto interfaces = rt::os::local_addresses();
  const auto found = own_mail_addresses(config, interfaces);
  EXPECT_EQ(std::ranges::count(found, "127.0.0.1"), 1);
}

}  // namespace
}  // namespace ph::daemon
