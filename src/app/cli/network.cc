#include "app/cli/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "app/cli/administrator.h"
#include "app/cli/input.h"
#include "app/cli/output.h"
#include "app/cli/secrets.h"
#include "app/daemon/units.h"

namespace ph::cli {

Argument add_network_arguments(Command command, NetworkArgs& args) {
  command.text("--host", args.host, "an IP address or localhost; default: this server's own");
  command.number("--port", args.port, 1, 65535,
                 "default: by the configuration, or the protocol's own");
  auto tls = command.flag("--tls", args.tls, "TLS from the first octet");
  auto starttls = command.flag("--starttls", args.starttls, "TLS after a command; demanded");
  const auto plain = command.flag("--plain", args.plain, "no TLS");
  tls.excludes(starttls).excludes(plain);
  starttls.excludes(plain);
  command.flag("-k,--insecure", args.insecure, "take any certificate, such as a self-signed one");
  command.text("--password-file", args.password_file,
               "its first line is the password; default: the environment's POSTHOUSE_PASSWORD, "
               "else asked for");
  command.text("--timeout", args.timeout, "for each step, such as 30s");
  return command.text("--user", args.user, "log in as this address");
}

namespace {

Security by_port(std::uint16_t port) {
  switch (port) {
    case 465:
    case 2465:
    case 995:
    case 2995: return Security::tls;
    case 587:
    case 2587: return Security::starttls;
    default: return Security::opportunistic;
  }
}

/// A listener on every address is reached through loopback.
rt::Endpoint reachable(rt::Endpoint at) {
  const bool any = std::ranges::all_of(at.ip.octets, [](std::uint8_t octet) { return octet == 0; });
  if (!any) return at;
  const auto port = at.port;
  at = *rt::parse_endpoint(at.ip.v6 ? "[::1]:1" : "127.0.0.1:1");
  at.port = port;
  return at;
}

bool own_listener(const Common& common, const std::vector<Preferred>& preferred, Target& target) {
  const auto config = find_config(common);
  if (!config) return false;
  for (const auto& want : preferred) {
    const auto found =
        std::ranges::find(config->listeners, want.protocol, &daemon::ListenerConfig::protocol);
    if (found == config->listeners.end()) continue;
    target.at = reachable(found->at.front());
    target.security = want.security;
    if (found->allow_plaintext && want.security == Security::starttls) {
      target.security = Security::opportunistic;
    }
    target.host = config->hostname;
    return true;
  }
  complain("the configuration has no listener for this", "name a server with --host and --port");
  return false;
}

}  // namespace

std::optional<Target> find_target(const Common& common, const NetworkArgs& args,
                                  const std::vector<Preferred>& preferred,
                                  std::uint16_t port_default) {
  Target target;
  const auto timeout = daemon::parse_duration(args.timeout);
  if (!timeout) {
    complain(timeout.error(), "write --timeout 30s or the like");
    return std::nullopt;
  }
  target.timeout = *timeout;
  if (args.host.empty()) {
    if (!own_listener(common, preferred, target)) return std::nullopt;
    if (args.port != 0) {
      target.at.port = static_cast<std::uint16_t>(args.port);
      target.security = by_port(target.at.port);
    }
  } else {
    const auto ip = rt::parse_ip(args.host == "localhost" ? "127.0.0.1" : args.host);
    if (!ip) {
      complain(fmt::format("--host {} is neither an IP address nor localhost", args.host),
               "this version looks up no names");
      return std::nullopt;
    }
    target.at = {*ip, args.port != 0 ? static_cast<std::uint16_t>(args.port) : port_default};
    target.host = args.host;
    target.security = by_port(target.at.port);
  }
  if (args.tls) target.security = Security::tls;
  if (args.starttls) target.security = Security::starttls;
  if (args.plain) target.security = Security::plain;
  // STARTTLS when offered hides the mail from those who only listen, as between servers (RFC 7435);
  // a password goes to nobody who has not shown who they are.
  const bool just_in_case = target.security == Security::opportunistic && args.user.empty();
  target.verify = !args.insecure && !just_in_case;
  return target;
}

std::optional<std::string> find_password(const NetworkArgs& args, bool stdin_taken) {
  if (!args.password_file.empty()) {
    if (args.password_file == "-" && stdin_taken) {
      complain("standard input cannot be both the message and the password",
               "give the message as a FILE");
      return std::nullopt;
    }
    auto text = read_input(args.password_file, kSecretLineOctetsMax);
    if (!text) return std::nullopt;
    text->resize(std::min(text->find_first_of("\r\n"), text->size()));
    return text;
  }
  if (auto password = secret_of_environment()) return password;
  if (can_ask() && !stdin_taken) {
    if (auto password = ask_secret(fmt::format("Password of {}: ", args.user))) return password;
  }
  complain(fmt::format("no password for {}", args.user),
           "set POSTHOUSE_PASSWORD in the environment, or give --password-file FILE");
  return std::nullopt;
}

Task<Result<Done>> secure(net::Connection& connection,
                          Target target,  // NOLINT: awaited on the spot
                          rt::World& world) {
  PH_CO_TRY(auto context, crypto::TlsContext::client(target.verify));
  const auto deadline = world.clock.now() + target.timeout;
  PH_CO_TRY([[maybe_unused]] const auto info,
            co_await connection.start_tls_client(std::move(context), target.host, deadline));
  co_return Done{};
}

Task<Result<net::Connection>> dial(Target target, rt::World& world) {  // NOLINT: outlives the task
  const auto deadline = world.clock.now() + target.timeout;
  PH_CO_TRY(auto stream, co_await world.net.connect(target.at, deadline));
  net::Connection connection(std::move(stream));
  if (target.security == Security::tls) {
    PH_CO_TRY([[maybe_unused]] const auto done, co_await secure(connection, target, world));
  }
  co_return connection;
}

}  // namespace ph::cli
