#include "mailauth/iprev.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/ip_text.h"
#include "mailauth/spf_macro.h"
#include "wire/dns/rdata.h"

namespace ph::mailauth {

std::string_view to_string(IprevResult result) {
  constexpr std::array<std::string_view, 4> names{"pass", "fail", "temperror", "permerror"};
  return names[std::to_underlying(result)];
}

std::optional<IprevOutcome> check_iprev(std::string_view ip, Lookups& lookups) {
  const auto octets = parse_ip_text(ip);
  if (!octets) return IprevOutcome{IprevResult::permerror, "", "not an address"};
  const dns::Answer* names = lookups.find(reverse_name(*octets), dns::kTypePtr);
  if (names == nullptr) return std::nullopt;
  if (!dns::is_definite(names->status)) {
    return IprevOutcome{IprevResult::temperror, "",
                        fmt::format("the DNS does not say the name of {}", ip)};
  }
  std::vector<std::string> candidates;
  for (std::size_t i = 0; i < std::min(names->data.size(), kIprevNamesMax); ++i) {
    if (auto name = dns::parse_target(names->data[i])) candidates.push_back(*std::move(name));
  }
  if (candidates.empty())
    return IprevOutcome{IprevResult::permerror, "", fmt::format("{} has no name", ip)};
  const auto type = octets->size() == kIpv4Octets ? dns::kTypeA : dns::kTypeAaaa;
  bool waits = false, temporary = false;
  for (const std::string& name : candidates) {
    const dns::Answer* addresses = lookups.find(name, type);
    if (addresses == nullptr) {
      waits = true;
      continue;
    }
    temporary = temporary || !dns::is_definite(addresses->status);
    if (std::ranges::find(addresses->data, *octets) != addresses->data.end()) {
      if (waits) continue;
      return IprevOutcome{IprevResult::pass, name, fmt::format("{} is {} and back", ip, name)};
    }
  }
  if (waits) return std::nullopt;
  return IprevOutcome{
      temporary ? IprevResult::temperror : IprevResult::fail, candidates.front(),
      fmt::format("{} calls itself {}, which does not lead back to it", ip, candidates.front())};
}

}  // namespace ph::mailauth
