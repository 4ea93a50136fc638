// The addresses that are ours, as far as the configuration and the machine know.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "app/daemon/config.h"

namespace ph::daemon {

/// Where other servers' mail would come back to us: the `smtp` listeners on `[delivery] port`. A
/// listener on every address (0.0.0.0, ::) is one on each of `machine`, those of the interfaces, in
/// its family. Without one on every address, `machine` does not count: another server may have it.
std::vector<std::string> own_mail_addresses(const Config& config,
                                            std::span<const rt::IpAddress> machine);

}  // namespace ph::daemon
