// The coroutine shell around wire/pop3's server machine: performs its Actions on a connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "identity/port.h"
#include "journal/port.h"
#include "mailbox/port.h"
#include "net/connection.h"

namespace ph::serve {

/// Octets of a message read at once. A session holds at most twice that (every octet could be a dot
/// at the start of a line) and the replies before it: never a whole message.
inline constexpr std::size_t kPop3ChunkOctets = 64 << 10;
/// Replies held back while more commands of a pipelined group are there, RFC 2449 §6.6.
inline constexpr std::size_t kPop3RepliesOctetsMax = 64 << 10;
/// Events about single messages that one session writes for each of: retrieved, deleted. Further
/// ones are counted in the event that ends the session.
inline constexpr std::size_t kPop3MessageNotesMax = 1000;

struct Pop3Options {
  std::string hostname;  // in the greeting
  std::string listener;  // "pop3", "pop3s": for events
  bool implicit_tls = false;
  bool allow_plaintext = false;  // passwords without TLS: for tests
  /// After login, between commands. RFC 1939 §3 asks for at least 10 minutes.
  std::chrono::seconds idle_timeout{600};
  /// From the connection to the login, in all. Shorter than RFC 1939 §3 would have it: until then
  /// the peer is a stranger that holds a slot, and a program needs a second.
  std::chrono::seconds authorization_timeout{180};
  std::chrono::seconds handshake_timeout{60};
  std::chrono::seconds write_timeout{300};  // until the peer takes what is sent at once
  std::chrono::seconds house_timeout{120};  // a room's answer
};

/// Owned by the listener, outlive its sessions.
struct Pop3Rooms {
  identity::Authenticator& authenticator;
  mailbox::Mailboxes& mailboxes;
  journal::Journal& journal;
  rt::Clock& clock;
};

/// Runs one POP3 connection until either side closes it. The maildrop is given back on every way
/// out, also when the coroutine is destroyed while it waits.
///   tls  the certificate as it is now (it may be reloaded); empty or null: TLS is not available
///
/// Events: each login and refusal (never with the password, nor with a user name that is not known
/// to be one of ours), each message retrieved and deleted, the end of the session with its counts.
Task<void> serve_pop3(
    net::Connection& connection,  // NOLINT: lent by the listener, outlives the task
    Pop3Options options, std::function<std::shared_ptr<const crypto::TlsContext>()> tls,
    Pop3Rooms rooms);

}  // namespace ph::serve
