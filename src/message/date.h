// Dates as messages write them.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace ph::message {

/// Words, numbers and signs of a date that are looked at; a right one has a dozen.
inline constexpr std::size_t kDateTokensMax = 48;

/// "Fri, 21 Nov 2026 18:57:25 +0000" (RFC 5322 §3.3), always in UTC: a server's own zone tells
/// nobody anything. Years outside 1900-9999 are written as the nearest of these.
std::string format_date(Wall at);

/// Reads a date-time with what RFC 5322 §4.3 asks readers to take as well: years of two and three
/// digits, zones by name, comments and white space between all parts; the day of the week may be
/// missing and is not compared.
/// malformed: anything else.
Result<Wall> parse_date(std::string_view text);

/// The same in a zone: "Fri, 21 Nov 2026 20:57:25 +0200".
///   zone  east of UTC; of whole minutes, at most 99:59 either way (more counts as that)
std::string format_date(Wall at, std::chrono::minutes zone);

/// A date as somebody wrote it.
struct DateReading {
  Wall at{};
  /// East of UTC. nullopt: the date has none, or says with -0000 that it is unknown (RFC 5322
  /// §3.3); `at` then takes the time as UTC.
  std::optional<std::chrono::minutes> zone;
  /// What is not as RFC 5322 §3.3 has it, in words for people; each once, in no order.
  std::vector<std::string_view> odd;
};

/// Reads what software writes for a date: all of parse_date(), and also ISO 8601, ctime(), months
/// as numbers, fields in any order, names of zones outside America, zones as "+2", "+02:00",
/// "GMT+2" or in a comment only, no zone, 12 hours with am and pm, years of two and three digits,
/// wrong days of the week, text before and after. What it had to guess is in `odd`. malformed: no
/// day, month, year or time of day is found, or they are no date. O(text).
Result<DateReading> read_date(std::string_view text);

}  // namespace ph::message
