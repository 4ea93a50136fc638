// What `send` and `read` have in common: where to connect, with which security, as whom.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/cli/cli.h"
#include "app/daemon/config.h"
#include "net/connection.h"
#include "rt/world.h"

namespace ph::cli {

enum class Security : std::uint8_t {
  tls,            // from the first octet
  starttls,       // demanded
  opportunistic,  // STARTTLS or STLS when offered
  plain,
};

/// As given on the command line.
struct NetworkArgs {
  std::string host, user, password_file, timeout = "30s";
  std::uint64_t port = 0;  // 0: not given
  bool tls = false, starttls = false, plain = false, insecure = false;
};
/// Returns the argument --user.
Argument add_network_arguments(Command command, NetworkArgs& args);

/// A service of the configuration that a command may use, the best first.
struct Preferred {
  daemon::Protocol protocol;
  Security security;
};

struct Target {
  rt::Endpoint at;
  std::string host;  // for SNI and the certificate
  Security security = Security::plain;
  bool verify = true;
  std::chrono::milliseconds timeout{};
};

/// Where to go: --host and --port, else the first of `preferred` that the configuration serves.
/// `port_default`: with --host and without --port. nullopt: complained about.
std::optional<Target> find_target(const Common& common, const NetworkArgs& args,
                                  const std::vector<Preferred>& preferred,
                                  std::uint16_t port_default);

/// The password for --user: --password-file, POSTHOUSE_PASSWORD, or asked for. nullopt: complained
/// about. `stdin_taken`: standard input is the message.
std::optional<std::string> find_password(const NetworkArgs& args, bool stdin_taken);

/// Connects, and makes the handshake if the target's security is tls.
Task<Result<net::Connection>> dial(Target target, rt::World& world);  // NOLINT: outlives the task
/// Makes the handshake on a connection (STARTTLS, STLS).
Task<Result<Done>> secure(net::Connection& connection,
                          Target target,  // NOLINT: awaited on the spot
                          rt::World& world);

}  // namespace ph::cli
