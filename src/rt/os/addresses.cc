#include "rt/os/addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <cstring>

namespace ph::rt::os {

std::vector<IpAddress> local_addresses() {
  std::vector<IpAddress> all;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return all;
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    if (one->ifa_addr->sa_family == AF_INET) {
      sockaddr_in in{};
      std::memcpy(&in, one->ifa_addr, sizeof in);
      IpAddress ip;
      std::memcpy(ip.octets.data(), &in.sin_addr, 4);
      all.push_back(ip);
    } else if (one->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 in{};
      std::memcpy(&in, one->ifa_addr, sizeof in);
      std::array<std::uint8_t, 16> octets{};
      std::memcpy(octets.data(), &in.sin6_addr, 16);
      all.push_back(ip_from_v6(octets));
    }
  }
  ::freeifaddrs(first);
  return all;
}

}  // namespace ph::rt::os
