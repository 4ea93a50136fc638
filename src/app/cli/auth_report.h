// What `auth report` tells: an aggregate report as facts, and as a person reads it.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::cli {

/// Sources that are shown to a person; --json has them all.
inline constexpr std::size_t kReportSourcesShown = 25;

/// A report's facts with "code"; names as docs/cli.md has them. Fails as
/// mailauth::read_dmarc_report does.
Result<boost::json::object> report_facts(std::string_view octets);

/// The same for people. Times are UTC: a report's day is one of UTC.
std::string report_text(const boost::json::object& facts);

}  // namespace ph::cli
