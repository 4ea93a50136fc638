#include "rt/os/unix_socket.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "rt/os/socket.h"

namespace ph::rt::os {
namespace {

Result<sockaddr_un> to_system(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail(Kind::over_limit, "the path of a Unix socket has 1 to 107 octets", path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

Result<Fd> new_socket() {
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return fail(Kind::unavailable, "cannot make a socket", errno_text(errno));
  return fd;
}

int connect_to(const Fd& fd, const sockaddr_un& address) {
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  return ::connect(fd.get(), generic, sizeof address) == 0 ? 0 : errno;
}

/// Whoever holds the folder's lock decides about stale sockets in it, so two starting servers
/// cannot each remove what the other has just bound. Released when the Fd closes.
Result<Fd> lock_folder_of(const std::string& path) {
  auto folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || ::flock(fd.get(), LOCK_EX) != 0)
    return fail(Kind::unavailable, "cannot lock the folder of the socket",
                folder.string() + ": " + errno_text(errno));
  return fd;
}

/// Removes a socket at `path` that nobody listens on.
Result<Done> remove_stale(const std::string& path, const sockaddr_un& address) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) return Done{};
  if (!S_ISSOCK(found.st_mode))
    return fail(Kind::unavailable, "something that is no socket is in the way", path);
  PH_TRY(const Fd probe, new_socket());
  if (connect_to(probe, address) != ECONNREFUSED)
    return fail(Kind::unavailable, "somebody listens there", path);
  if (::unlink(path.c_str()) != 0)
    return fail(Kind::unavailable, "cannot remove a stale socket", path + ": " + errno_text(errno));
  return Done{};
}

}  // namespace

Result<std::unique_ptr<Acceptor>> listen_unix(const Executor& executor, const std::string& path,
                                              unsigned mode) {
  PH_TRY(const sockaddr_un address, to_system(path));
  PH_TRY(const Fd lock, lock_folder_of(path));
  PH_TRY([[maybe_unused]] const Done clean, remove_stale(path, address));
  PH_TRY(Fd fd, new_socket());
  // Linux gives the file the mode of the socket, so it is never open wider than `mode`, not even
  // between these two calls; the second one undoes what the umask took away.
  const auto bind_to = reinterpret_cast<const sockaddr*>(&address);
  struct stat made{};
  if (::fchmod(fd.get(), mode) != 0 || ::bind(fd.get(), bind_to, sizeof address) != 0 ||
      ::chmod(path.c_str(), mode) != 0 || ::lstat(path.c_str(), &made) != 0 ||
      ::listen(fd.get(), kBacklogConnectionsMax) != 0)
    return fail(Kind::unavailable, "cannot listen", path + ": " + errno_text(errno));
  const auto remove = [path, device = made.st_dev, inode = made.st_ino] {
    struct stat now{};  // a successor may have bound its own by now
    if (::lstat(path.c_str(), &now) == 0 && now.st_dev == device && now.st_ino == inode)
      ::unlink(path.c_str());
  };
  return make_acceptor(executor, std::move(fd), Endpoint{}, remove);
}

Task<Result<std::unique_ptr<Stream>>> connect_unix(std::string path, Instant deadline) {
  PH_CO_TRY(const sockaddr_un address, to_system(path));
  PH_CO_TRY(Fd fd, new_socket());
  if (const int error = connect_to(fd, address); error != 0 && error != EINPROGRESS) {
    const auto kind = error == ENOENT ? Kind::not_found : Kind::unavailable;
    co_return fail(kind, "cannot connect", path + ": " + errno_text(error));
  }
  co_return co_await finish_connect(std::move(fd), Endpoint{}, deadline);
}

}  // namespace ph::rt::os
