// How facts look in JSON: the names and forms that docs/cli.md promises, in one place. Used for
// replies of the admin socket, which the command line prints as they are.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "base/event.h"
#include "feedback/port.h"
#include "identity/keyring.h"
#include "identity/port.h"
#include "queue/port.h"

namespace ph::daemon {

/// "2026-11-21T18:51:02.123Z".
std::string format_utc(Wall at);
/// The inverse of format_utc; malformed.
Result<Wall> parse_utc(std::string_view text);

/// `text` with octets that are not UTF-8 replaced, so that it may stand in JSON.
std::string utf8_only(std::string_view text);

boost::json::object facts(const Event& event);
boost::json::object facts(const identity::Domain& domain);
boost::json::object facts(const identity::DomainKey& key);
boost::json::object facts(const identity::Account& account);
boost::json::object facts(const identity::Administration::Alias& alias);
boost::json::object facts(const queue::JobInfo& job);
boost::json::object facts(const queue::Stats& stats);
boost::json::object facts(const feedback::Collected& report);
boost::json::object facts(const feedback::Sending& sending);

}  // namespace ph::daemon
