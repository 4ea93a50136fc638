#include "app/daemon/own_addresses.h"

#include "rt/os/addresses.h"

namespace ph::daemon {
namespace {

void add(const rt::IpAddress& ip, std::vector<rt::IpAddress>& own) {
  if (ip.octets != decltype(ip.octets){}) return own.push_back(ip);
  for (const rt::IpAddress& one : rt::os::local_addresses())
    if (one.v6 == ip.v6) own.push_back(one);
}

}  // namespace

std::vector<rt::IpAddress> own_addresses(const Config& config) {
  std::vector<rt::IpAddress> own;
  for (const auto& listener : config.listeners)
    for (const auto& at : listener.at) add(at.ip, own);
  return own;
}

route::MxSelf mx_self(const Config& config) {
  std::vector<rt::IpAddress> own;
  for (const auto& listener : config.listeners)
    for (const auto& at : listener.at)
      if (listener.protocol == Protocol::smtp && at.port == config.delivery_port) add(at.ip, own);
  route::MxSelf self{.names = {config.hostname}, .addresses = {}};
  for (const auto& ip : own) self.addresses.push_back(rt::to_string(ip));
  return self;
}

}  // namespace ph::daemon
