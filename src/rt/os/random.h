// The system's randomness, for what has no World at hand.
#pragma once

#include <span>

namespace ph::rt::os {

/// Fit for keys and passwords. Any thread.
void fill_random(std::span<char> octets);

}  // namespace ph::rt::os
