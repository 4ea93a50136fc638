#include "rt/os/net.h"

#include "rt/os/socket.h"

namespace ph::rt::os {

Result<std::unique_ptr<Acceptor>> OsNet::listen(Executor executor, Endpoint at, bool shared) {
  if (!shared) {
    PH_TRY(Fd fd, open_listening(at, false));
    const Endpoint local = local_of(fd.get());
    return make_acceptor(executor, std::move(fd), local, {});
  }
  const std::lock_guard lock(shared_->mutex);
  // SO_REUSEPORT lets any process of the same user in beside us. The first of ours therefore asks
  // without it whether the endpoint is free, so a second server says "in use" and takes no mail.
  if (at.port != 0 && !shared_->acceptors.contains(at)) {
    PH_TRY([[maybe_unused]] const Fd probe, open_listening(at, false));
  }
  PH_TRY(Fd fd, open_listening(at, true));
  const Endpoint local = local_of(fd.get());
  ++shared_->acceptors[local];
  const auto forget = [registry = shared_, local] {
    const std::lock_guard held(registry->mutex);
    if (--registry->acceptors[local] == 0) registry->acceptors.erase(local);
  };
  return make_acceptor(executor, std::move(fd), local, forget);
}

Task<Result<std::unique_ptr<Stream>>> OsNet::connect(Endpoint to, Instant deadline) {
  return connect_tcp(to, deadline);
}

}  // namespace ph::rt::os
