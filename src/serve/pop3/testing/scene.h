// A POP3 server in a simulated world, and clients for it.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "serve/pop3/serve.h"
#include "serve/pop3/testing/rooms.h"
#include "sim/world.h"
#include "wire/pop3/client.h"

namespace ph::serve::testing {

using namespace std::chrono_literals;

inline constexpr rt::Endpoint kAt{{{127, 0, 0, 1}, false}, 110};
inline constexpr const char* kLogin = "USER alice@example.test\r\nPASS secret\r\n";

/// A POP3 server in a simulated world. The world comes last: it ends first.
struct Scene {
  explicit Scene(std::uint64_t seed = 1, sim::Options faults = {}) : world(seed, faults) {
    options.hostname = "mail.example.test";
    options.listener = "pop3";
    options.allow_plaintext = true;
    mailboxes.messages = {{1, "A: b\r\n\r\n.dot\r\n", "Q1"}, {7, "C: d\r\n\r\nend", "Q7"}};
  }
  void listen();
  void start(Task<void> client) {
    ++sessions;  // here and not in the coroutine, which begins later
    world.spawn(std::move(client));
  }
  /// Whether all sessions ended, everything that was said, in this many virtual seconds.
  bool finish(std::chrono::seconds within = 3600s) {
    return world.run_until([&] { return sessions == 0; }, within);
  }
  void secure(bool implicit) {
    const std::vector<std::string> names = {"mail.example.test"};
    auto pem = crypto::make_self_signed(names, 1'700'000'000);
    certificate = *crypto::TlsContext::server(pem->certificate_pem, pem->key_pem);
    options.implicit_tls = implicit;
    options.allow_plaintext = false;
  }

  Authenticator authenticator;
  Mailboxes mailboxes;
  Journal journal;
  Pop3Options options;
  std::shared_ptr<const crypto::TlsContext> certificate;
  net::Connection* latest = nullptr;  // of the server's connections
  int sessions = 0;                   // of clients and server, still running
  sim::World world;
};

/// Says `wire`, waits `wait`, says `later`, and keeps what the server says until it closes.
struct Talk {
  std::string wire;
  std::string later = {};
  std::chrono::seconds wait{0};
  bool hang_up = false;  // instead of waiting for the server to close
  std::string heard = {};
  std::string how = {};  // the kind of error that ended it
};

/// Both run until the connection ends, and then count one session less; their arguments outlive
/// them.
Task<void> talk(Scene& scene, Talk& said);

/// Our own client: list, fetch everything, delete it.
struct Read {
  bool stls = false, implicit_tls = false;
  std::vector<pop3::Listed> listing = {};
  std::vector<std::string> messages = {};
  std::string error = {};
  bool finished = false;
};

Task<void> run_read(Scene& scene, Read& read);

}  // namespace ph::serve::testing
