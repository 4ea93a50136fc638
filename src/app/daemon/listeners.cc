// What stands behind each listener of the configuration.
#include <fmt/format.h>

#include <utility>

#include "app/daemon/server.h"
#include "serve/pop3/serve.h"

namespace ph::daemon {
namespace {

std::chrono::seconds seconds(std::chrono::milliseconds duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration);
}

bool is_pop3(Protocol protocol) {
  return protocol == Protocol::pop3 || protocol == Protocol::pop3s;
}

}  // namespace

Task<void> Server::serve_smtp(net::Connection& connection,  // NOLINT: lent by the listener
                              const ListenerConfig* listener) {
  const bool mx = listener->protocol == Protocol::smtp;
  smtp::ServerOptions options;
  options.hostname = config_.hostname;
  options.role = mx ? smtp::Role::mx : smtp::Role::submission;
  options.listener = to_string(listener->protocol);
  options.implicit_tls = listener->implicit_tls;
  options.allow_plaintext_auth = listener->allow_plaintext;
  options.strict_addresses = listener->strict_addresses;
  options.require_login = !mx;
  options.message_octets_max = config_.limits.message_octets;
  options.recipients_max = config_.limits.recipients;
  options.errors_max = config_.limits.errors;
  serve::SmtpTimeouts timeouts;
  timeouts.command = seconds(config_.limits.command_timeout);
  timeouts.data_block = seconds(config_.limits.data_timeout);
  return serve::serve_smtp(connection, std::move(options), timeouts, tls(),
                           {*policy_, *intake_, house_->journal(), house_->world().clock});
}

Task<void> Server::serve_pop3(net::Connection& connection,  // NOLINT: lent by the listener
                              const ListenerConfig* listener) {
  serve::Pop3Options options;
  options.hostname = config_.hostname;
  options.listener = to_string(listener->protocol);
  options.implicit_tls = listener->implicit_tls;
  options.allow_plaintext = listener->allow_plaintext;
  options.idle_timeout = seconds(config_.limits.pop3_timeout);
  return serve::serve_pop3(connection, std::move(options), tls(),
                           {house_->identity().authenticator(), house_->mailboxes(),
                            house_->journal(), house_->world().clock});
}

Task<void> Server::serve_one(net::Connection& connection,  // NOLINT: lent by the listener
                             const ListenerConfig* listener, std::atomic<std::size_t>* open) {
  const bool pop3 = is_pop3(listener->protocol);
  const auto most =
      listener->connections_max > 0 ? listener->connections_max : config_.limits.connections;
  const bool admitted = open->fetch_add(1) < most;
  if (admitted && pop3) {
    co_await serve_pop3(connection, listener);
  } else if (admitted) {
    co_await serve_smtp(connection, listener);
  } else {
    log_.write(rt::Level::warning, "connect.refused",
               {{"listener", std::string(to_string(listener->protocol))},
                {"peer", rt::to_string(connection.peer())},
                {"why", fmt::format("{} connections are open on this listener", most)}});
    // RFC 5321 §3.8 and RFC 3206 §3; a client that waits for TLS would not understand it.
    std::string last = pop3 ? "-ERR [SYS/TEMP] too many connections, try again later\r\n"
                            : "421 4.3.2 Too many connections, try again later\r\n";
    if (!listener->implicit_tls) {
      const auto deadline = house_->world().clock.now() + kRefusalMax;
      [[maybe_unused]] const auto sent = co_await connection.send(std::move(last), deadline);
    }
  }
  open->fetch_sub(1);
}

net::Listener::Serve Server::serve_on(const ListenerConfig& listener) {
  const auto* config = &listener;  // in config_, which outlives the listeners
  auto& open = open_[listener.protocol];
  return [this, config, &open](net::Connection& connection) {
    return serve_one(connection, config, &open);
  };
}

Result<Done> Server::open_listeners() {
  std::string failures;
  std::size_t failed = 0;
  for (const auto& listener : config_.listeners) {
    for (const auto& at : listener.at) {
      auto opened = net::Listener::open(house_->world(), executors_, at, serve_on(listener));
      if (!opened) {
        ++failed;
        failures += fmt::format("{}{} {}: {}", failed > 1 ? "; " : "", to_string(listener.protocol),
                                rt::to_string(at), opened.error().detail);
        continue;
      }
      facts_.listening.push_back(
          fmt::format("{} {}", to_string(listener.protocol), rt::to_string((*opened)->local())));
      listeners_.push_back(std::move(*opened));
    }
  }
  if (failed > 0) return fail(Kind::unavailable, "cannot listen", failures);
  return Done{};
}

}  // namespace ph::daemon
