// How many files and sockets the process may have open.
#pragma once

#include <cstddef>

namespace ph::rt::os {

/// Raises the limit as far as the system lets us (most set it at 1,024 and allow much more).
/// Returns what it is then.
std::size_t raise_open_files_limit();

}  // namespace ph::rt::os
