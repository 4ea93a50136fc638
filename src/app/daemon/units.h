// Durations and sizes as people write them, and what they probably meant when they mistyped a name.
// Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::daemon {

inline constexpr std::int64_t kDurationDaysMax = 36500;  // a century; a bound against overflow
inline constexpr std::size_t kUnitTextOctetsMax = 64;

/// "90s", "5m", "4h", "5d", "500ms", "1h30m"; a unit is required except for "0".
/// malformed: with what would be right; over_limit: above kDurationDaysMax.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
/// The shortest exact form: "1h30m", "0s".
std::string format_duration(std::chrono::milliseconds duration);

/// Octets from "25 MB", "25MiB", "1G", "512k", "1048576": k M G T count by 1000, Ki Mi Gi Ti by
/// 1024. malformed; over_limit: above 2^63-1.
Result<std::uint64_t> parse_octets(std::string_view text);
/// "25.0 MB", for people.
std::string format_octets(std::uint64_t octets);

/// The one of `known` that `typed` was probably meant to be; "" when nothing is near. Aliases
/// `known`.
std::string_view nearest(std::string_view typed, std::span<const std::string_view> known);

}  // namespace ph::daemon
