// How many event loops are worth having.
#pragma once

namespace ph::rt::os {

/// Processors that this process may use; at least 1.
unsigned processors();

}  // namespace ph::rt::os
