// Events as a person reads them: when, how long after the step before, what, and why. Pure but for
// the local time zone.
#pragma once

#include <boost/json/array.hpp>
#include <string>

namespace ph::cli {

/// A line a step, grouped by message; a second line for the reply where there is one. `events` as
/// docs/cli.md has them, oldest first.
std::string format_timeline(const boost::json::array& events);

}  // namespace ph::cli
