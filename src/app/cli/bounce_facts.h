// What `message bounce` tells: the facts of a report.
#pragma once

#include <boost/json/object.hpp>

#include "message/report.h"

namespace ph::cli {

/// {"kind", "recipients": [{"final", "original", "action", "status", "status_derived",
/// "reply_code", "reply", "remote_mta", "reason", "hard"}], "reporting_mta", "envelope_id",
/// "arrival", "original": {...}, "findings": [{"id", "detail"}]}; "disposition" or "feedback" where
/// the kind is that.
boost::json::object bounce_facts(const message::Report& report);

/// The same for people. 1 when it is no report.
int print_bounce(const message::Report& report);

}  // namespace ph::cli
