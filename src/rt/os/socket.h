// Sockets as values: addresses in and out of the system's form, listening, accepting, connecting.
#pragma once

#include <memory>

#include "rt/os/descriptor.h"
#include "rt/world.h"

namespace ph::rt::os {

/// Connections that the kernel holds for us between two accepts (it caps this at somaxconn).
inline constexpr int kBacklogConnectionsMax = 4096;

/// A new non-blocking TCP socket, bound and listening. unavailable: in use, or not ours to bind.
Result<Fd> open_listening(Endpoint at, bool reuse_port);
/// Where a socket is bound or connected to; the zero endpoint for a Unix socket.
Endpoint local_of(int fd);
/// A connected socket as a Stream.
std::unique_ptr<Stream> make_stream(const Executor& executor, Fd fd, Endpoint peer);
/// A listening socket as an Acceptor. `on_close` is called once, when it closes.
std::unique_ptr<Acceptor> make_acceptor(const Executor& executor, Fd fd, Endpoint local,
                                        std::function<void()> on_close);
/// Opens a connection. unavailable: refused or unreachable; timed_out.
Task<Result<std::unique_ptr<Stream>>> connect_tcp(Endpoint to, Instant deadline);
/// Waits until a connect() under way has ended and takes its outcome.
Task<Result<std::unique_ptr<Stream>>> finish_connect(Fd fd, Endpoint to, Instant deadline);

}  // namespace ph::rt::os
