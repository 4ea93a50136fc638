// Does the client's address have a name that leads back to it? RFC 8601 §3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mailauth/lookups.h"

namespace ph::mailauth {

inline constexpr std::size_t kIprevNamesMax = 10;  // of one address that are looked at

/// RFC 8601 §2.7.3.
enum class IprevResult : std::uint8_t { pass, fail, temperror, permerror };
std::string_view to_string(IprevResult result);

struct IprevOutcome {
  IprevResult result = IprevResult::permerror;
  std::string name;  // that leads back; else the first that does not; "" for none
  std::string why;   // one sentence, for people
};

/// nullopt: answers are missing, see class Lookups.
///   ip  "192.0.2.1", "2001:db8::1"
std::optional<IprevOutcome> check_iprev(std::string_view ip, Lookups& lookups);

}  // namespace ph::mailauth
