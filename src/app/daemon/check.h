// What stands in the way of a start although the configuration reads well: certificates, addresses,
// the store.
#pragma once

#include <vector>

#include "app/daemon/config.h"
#include "rt/world.h"

namespace ph::daemon {

inline constexpr std::chrono::days kExpirySoon{14};  // a warning from then on

/// Is a server of this very store running, and what does it listen on? ("smtp 127.0.0.1:2525")
struct RunningServer {
  bool runs = false;
  std::vector<std::string> listening;
};

/// Every problem there is, by place. Blocking. Binds each address for a moment and opens the store,
/// unless `running` has it; makes nothing.
std::vector<Problem> check_surroundings(const Config& config, const RunningServer& running,
                                        rt::Executor executor, rt::World& world);

}  // namespace ph::daemon
