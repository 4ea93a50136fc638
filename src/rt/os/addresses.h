// The addresses of this machine.
#pragma once

#include <vector>

#include "rt/endpoint.h"

namespace ph::rt::os {

/// Of all interfaces, loopback too; empty if the system does not say.
std::vector<IpAddress> local_addresses();

}  // namespace ph::rt::os
