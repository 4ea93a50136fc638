// The admin socket of a running server: <folder>/admin.sock, mode 0600. Requests and replies are
// lines (docs/formats/admin.md); several may follow each other on a connection, one at a time.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "app/daemon/admin.h"
#include "net/connection.h"

namespace ph::daemon {

inline constexpr std::size_t kAdminConnectionsMax = 32;  // one more is closed at once
inline constexpr std::chrono::seconds kAdminIdle{60};    // between two requests

/// All calls on its executor.
class AdminSocket {
 public:
  AdminSocket(std::unique_ptr<rt::Acceptor> acceptor, rt::Executor executor, AdminRooms rooms);
  ~AdminSocket();
  void start();
  /// No new connections, no new requests; waits for the commands under way.
  Task<void> finish();

 private:
  Task<void> accept_loop();
  Task<void> session(std::unique_ptr<rt::Stream> stream);
  Task<void> converse(net::Connection& connection);  // NOLINT: awaited on the spot
  void ended();

  std::unique_ptr<rt::Acceptor> acceptor_;
  rt::Executor executor_;
  AdminRooms rooms_;
  std::set<net::Connection*> open_;
  std::size_t running_ = 0;  // coroutines of ours
  bool stopping_ = false;
  std::unique_ptr<rt::Timer> ended_;
};

/// Takes one line, up to the LF, off the front of `input`: the admin socket's framing. nullopt: no
/// whole line yet. A CR before the LF belongs to the line end. Aliases `input`; `consumed` is 0 or
/// the octets of the line with its end.
struct AdminLine {
  std::string_view text;
  std::size_t consumed = 0;
};
AdminLine next_admin_line(std::string_view input);

}  // namespace ph::daemon
