// Unix sockets, for the administration socket: the same streams, reachable by path.
#pragma once

#include <memory>
#include <string>

#include "rt/world.h"

namespace ph::rt::os {

/// Listens at `path`, which only those may open whom `mode` lets. A socket that a dead process left
/// there is removed; anything else there is left alone. close() removes the path. The endpoints of
/// its streams are the zero endpoint.
///   over_limit   the path is longer than the system takes (107 octets)
///   unavailable  somebody listens there, or the folder cannot be written
Result<std::unique_ptr<Acceptor>> listen_unix(const Executor& executor, const std::string& path,
                                              unsigned mode = 0600);

/// unavailable: nobody listens there (not_found: not even a file).
Task<Result<std::unique_ptr<Stream>>> connect_unix(std::string path, Instant deadline);

}  // namespace ph::rt::os
