#include "app/daemon/own_addresses.h"

namespace ph::daemon {

std::vector<std::string> own_mail_addresses(const Config& config,
                                            std::span<const rt::IpAddress> machine) {
  std::vector<std::string> own;
  for (const ListenerConfig& listener : config.listeners) {
    if (listener.protocol != Protocol::smtp) continue;
    for (const rt::Endpoint& at : listener.at) {
      if (at.port != config.delivery_port) continue;
      if (at.ip.octets != decltype(at.ip.octets){}) {
        own.push_back(rt::to_string(at.ip));
        continue;
      }
      for (const rt::IpAddress& one : machine)
        if (one.v6 == at.ip.v6) own.push_back(rt::to_string(one));
    }
  }
  return own;
}

}  // namespace ph::daemon
