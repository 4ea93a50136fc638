// The coroutine shell around wire/smtp's server machine: performs its Actions on a connection.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "intake/port.h"
#include "journal/port.h"
#include "net/connection.h"
#include "policy/port.h"
#include "wire/smtp/session.h"

namespace ph::serve {

/// Message octets decoded before they go to the draft, and so held by a session at once.
inline constexpr std::size_t kPieceOctetsMax = 256 << 10;
/// Replies held back for a pipelined group (RFC 2920 §3.2).
inline constexpr std::size_t kRepliesOctetsMax = 32 << 10;

/// RFC 5321 §4.5.3.2: the least that a server should wait, each settable in [limits].
struct SmtpTimeouts {
  std::chrono::seconds command{300};      // §4.5.3.2.7
  std::chrono::seconds data_block{180};   // between two reads inside a message, §4.5.3.2.5
  std::chrono::seconds data_total{3600};  // of one message: a peer that drips octets
  std::chrono::seconds write{300};        // until the peer takes our replies
  std::chrono::seconds handshake{60};
  std::chrono::seconds linger{2};   // for a peer that we cut off to read why
  std::chrono::seconds house{120};  // a room's answer; the peer waits 10 minutes (§4.5.3.2.6)
};

/// Owned by the listener, outlive its sessions.
struct SmtpRooms {
  policy::Policy& policy;
  intake::Intake& intake;
  journal::Journal& journal;
  rt::Clock& clock;
};

/// The certificate as it is now (it may be reloaded); null: TLS is not available.
using TlsSource = std::function<std::shared_ptr<const crypto::TlsContext>()>;

/// Runs one SMTP connection until either side closes it. All decisions are in ServerSession.
///   options  its peer_ip and tls_available are filled in here
Task<void> serve_smtp(
    net::Connection& connection,  // NOLINT: lent by the listener, outlives the task
    smtp::ServerOptions options, SmtpTimeouts timeouts, TlsSource tls, SmtpRooms rooms);

}  // namespace ph::serve
