// A small line protocol with STARTTLS for tests: its server, and clients as scripts.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/connection.h"
#include "rt/world.h"

namespace ph::net::testing {

inline const crypto::SelfSigned& certificate() {
  static const auto made = [] {
    const std::string names[] = {"mail.example.test"};
    return *crypto::make_self_signed(names, 1767225600);
  }();
  return made;
}

struct Contexts {
  std::shared_ptr<const crypto::TlsContext> server =
      *crypto::TlsContext::server(certificate().certificate_pem, certificate().key_pem);
  std::shared_ptr<const crypto::TlsContext> client =
      *crypto::TlsContext::client(true, certificate().certificate_pem);
};

/// What a session was, for the test to look at.
struct Seen {
  std::vector<std::string> lines;
  std::vector<Kind> ended;
};

struct Server {
  rt::World& world;
  Contexts contexts;
  Seen seen;
  std::chrono::nanoseconds patience = std::chrono::seconds(10);

  rt::Instant deadline() const { return world.clock.now() + patience; }
};

/// The next line without its CRLF.
inline Task<Result<std::string>> read_line(Connection& peer, rt::Instant deadline,  // NOLINT: lent
                                           Connection::For what = Connection::For::command) {
  for (;;) {
    if (const auto end = peer.input().find("\r\n"); end != std::string_view::npos) {
      std::string line(peer.input().substr(0, end));
      peer.consume(end + 2);
      co_return line;
    }
    PH_CO_TRY([[maybe_unused]] const Done more, co_await peer.receive(deadline, what));
  }
}

/// Takes `octets` octets off the wire, whatever they are, and says how many were right.
inline Task<Result<std::size_t>> read_numbers(Connection& peer, std::size_t octets,  // NOLINT: lent
                                              rt::Instant deadline) {
  std::size_t right = 0;
  for (std::size_t at = 0; at < octets;) {
    if (peer.input().empty()) {
      PH_CO_TRY([[maybe_unused]] const Done more,
                co_await peer.receive(deadline, Connection::For::data));
    }
    const auto part = peer.input().substr(0, octets - at);
    for (std::size_t i = 0; i < part.size(); ++i)
      right += part[i] == static_cast<char>((at + i) % 251) ? 1 : 0;
    at += part.size();
    peer.consume(part.size());
  }
  co_return right;
}

inline std::string numbers(std::size_t octets) {
  std::string out;
  for (std::size_t i = 0; i < octets; ++i) out.push_back(static_cast<char>(i % 251));
  return out;
}

/// SAY x: answers x. GIVE n: n octets. TAKE n: takes n, answers how many were right. STARTTLS.
/// QUIT.
inline Task<Result<Done>> serve_lines(Connection& peer, Server& server) {  // NOLINT: lent
  PH_CO_TRY([[maybe_unused]] const Done greeted,
            co_await peer.send("hello\r\n", server.deadline()));
  for (;;) {
    PH_CO_TRY(const std::string line, co_await read_line(peer, server.deadline()));
    server.seen.lines.push_back(line);
    std::string answer = "what?\r\n";
    if (line.starts_with("SAY ")) answer = line.substr(4) + "\r\n";
    if (line.starts_with("GIVE ")) answer = numbers(std::stoul(line.substr(5)));
    if (line.starts_with("TAKE ")) {
      PH_CO_TRY(const std::size_t right,
                co_await read_numbers(peer, std::stoul(line.substr(5)), server.deadline()));
      answer = std::to_string(right) + "\r\n";
    }
    if (line == "STARTTLS") answer = "go\r\n";
    PH_CO_TRY([[maybe_unused]] const Done sent, co_await peer.send(answer, server.deadline()));
    if (line == "QUIT") co_return Done{};
    if (line == "STARTTLS") {
      PH_CO_TRY([[maybe_unused]] const auto info,
                co_await peer.start_tls_server(server.contexts.server, server.deadline()));
      server.seen.lines.push_back(info.version);
    }
  }
}

inline Task<void> serve_session(Connection& peer, Server& server) {  // NOLINT: lent
  const auto outcome = co_await serve_lines(peer, server);
  if (!outcome) {
    server.seen.ended.push_back(outcome.error().kind);
    if (outcome.error().kind == Kind::unavailable)  // shutting down: say so
      static_cast<void>(co_await peer.send("going down\r\n", server.deadline()));
  }
}

/// A client. It may be a lambda with captures: run_client() keeps it for as long as it runs.
using Script = std::function<Task<Result<Done>>(Connection& peer, Server& server)>;
/// Runs `script` as the client of a fresh connection.
inline Task<void> run_client(Server& server, rt::Endpoint to, Script script,
                             Result<Done>& outcome,  // NOLINT
                             bool& ended) {
  auto stream = co_await server.world.net.connect(to, server.deadline());
  if (stream) {
    Connection peer(std::move(*stream));
    outcome = co_await script(peer, server);
  } else {
    outcome = std::unexpected(stream.error());
  }
  ended = true;
}

inline Task<Result<std::string>> ask(Connection& peer, Server& server,
                                     std::string line) {  // NOLINT: lent
  PH_CO_TRY([[maybe_unused]] const Done sent, co_await peer.send(line + "\r\n", server.deadline()));
  co_return co_await read_line(peer, server.deadline());
}

}  // namespace ph::net::testing
