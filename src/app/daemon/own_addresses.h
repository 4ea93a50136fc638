// Which addresses are ours, by the configuration: mail that the DNS sends to them would come back.
#pragma once

#include <vector>

#include "app/daemon/config.h"
#include "route/mx.h"
#include "rt/endpoint.h"

namespace ph::daemon {

/// Where we listen. A listener on every address ("0.0.0.0", "::") is one on each that the machine
/// has now: the system is asked.
std::vector<rt::IpAddress> own_addresses(const Config& config);

/// Whom not to relay to: our host name, and the addresses of smtp listeners at the port where other
/// servers are asked for.
route::MxSelf mx_self(const Config& config);

}  // namespace ph::daemon
