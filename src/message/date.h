// Dates as messages write them.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace ph::message {

/// "Fri, 21 Nov 2026 18:57:25 +0000" (RFC 5322 §3.3), always in UTC: a server's own zone tells
/// nobody anything. Years outside 1900-9999 are written as the nearest of these.
std::string format_date(Wall at);

/// Reads a date-time with what RFC 5322 §4.3 asks readers to take as well: years of two and three
/// digits, zones by name, comments and white space between all parts; the day of the week may be
/// missing and is not compared.
/// malformed: anything else.
Result<Wall> parse_date(std::string_view text);

}  // namespace ph::message
