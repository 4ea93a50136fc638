// Administration: requests as lines of JSON, answered by a table of commands. The same table
// answers on the admin socket of a running server and inside the command line when none runs.
// docs/formats/admin.md has the protocol.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "feedback/port.h"
#include "identity/keyring.h"
#include "identity/port.h"
#include "journal/port.h"
#include "mailbox/port.h"
#include "queue/port.h"
#include "rt/world.h"

namespace ph::daemon {

inline constexpr std::size_t kAdminRequestOctetsMax = 64 << 10;
inline constexpr std::size_t kAdminReplyOctetsMax = 32 << 20;
inline constexpr std::size_t kAdminJsonDepthMax = 8;
inline constexpr std::size_t kAdminListedMax = 100000;     // jobs of one `queue.list`
inline constexpr std::size_t kAdminReportsMax = 100000;    // of one `domain.reports`
inline constexpr std::chrono::seconds kAdminDeadline{60};  // of one command
/// Until a new key of a domain signs: for its record to be published, and known everywhere.
inline constexpr std::chrono::seconds kKeyWaitUsual = std::chrono::hours(48);
inline constexpr std::uint64_t kKeyWaitSecondsMax = 90ULL * 24 * 3600;

/// What a server says about itself (`server.status`).
struct ServerFacts {
  std::string version, hostname, store;
  std::vector<std::string> listening;  // "smtp 127.0.0.1:2525"
};

/// What administration reaches. All of it outlives the calls.
struct AdminRooms {
  identity::Administration& identity;
  mailbox::Mailboxes& mailboxes;
  queue::Queue& queue;
  journal::Journal& journal;
  rt::World& world;
  const ServerFacts& server;
  identity::Keyring& keys;
  feedback::ReportDesk* reports = nullptr;  // none: no server runs
};

/// Answers one request with one reply, both without line end. Never fails: what is wrong stands in
/// the reply. The password in a request is wiped; nothing of it reaches a log or an event.
Task<std::string> answer_admin(std::string request, AdminRooms rooms);

/// The names of all commands, sorted.
std::vector<std::string_view> admin_commands();

}  // namespace ph::daemon
