// The running server: rooms, listeners and the admin socket put together, from start to drain.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/daemon/admin_socket.h"
#include "app/daemon/certificates.h"
#include "app/daemon/config.h"
#include "app/daemon/house.h"
#include "app/daemon/log.h"
#include "deliver/deliver.h"
#include "deliver/sweep.h"
#include "feedback/reports.h"
#include "intake/intake.h"
#include "net/listener.h"
#include "policy/policy.h"
#include "policy/sender_checks.h"
#include "serve/smtp/serve.h"

namespace ph::daemon {

inline constexpr std::chrono::seconds kDrainMax{30};  // for sessions to end by themselves
inline constexpr std::chrono::seconds kCloseMax{5};   // for closed sessions to be gone
inline constexpr std::chrono::seconds kStopMax{45};   // of all; then the process ends at once
inline constexpr std::chrono::milliseconds kDrainPollEvery{20};

inline constexpr std::chrono::seconds kRefusalMax{5};  // to tell a client that there is no room

/// Files that are open beside the connections that come in: the store, outgoing connections, DNS.
inline constexpr std::size_t kOpenFilesBeside = 1000;

struct ServeOptions {
  std::string program;  // as typed: for the commands that --demo prints
  std::string version;
  bool demo = false;  // first_start.h
};

/// All calls on the first executor, except where said.
class Server {
 public:
  /// `house` is opened and not started. `executors`: one an event loop; the house's is the first.
  /// `resolver` outlives the server.
  Server(Config config, ServeOptions options, StandardErrorLog& log, std::unique_ptr<House> house,
         rt::Resolver& resolver, std::shared_ptr<const crypto::TlsContext> certificate,
         std::vector<rt::Executor> executors);
  ~Server();

  /// Starts, serves until stop(), drains. Fails when it cannot start; nothing is left running then.
  /// true: every session is gone, and the event loops may be taken down in order.
  Task<Result<bool>> run();
  void stop();
  /// Certificate, log level and routes from the configuration as it is now; on an error the old
  /// stay.
  void reload();

 private:
  Task<Result<Done>> start();
  void make_reports();
  std::function<void(const mailauth::DmarcFinding&)> count_findings();
  Result<Done> open_listeners();
  net::Listener::Serve serve_on(const ListenerConfig& listener);
  Task<void> serve_one(net::Connection& connection,  // NOLINT: lent by the listener
                       const ListenerConfig* listener, std::atomic<std::size_t>* open);
  Task<void> serve_smtp(net::Connection& connection,  // NOLINT: lent by the listener
                        const ListenerConfig* listener);
  Task<void> serve_pop3(net::Connection& connection,  // NOLINT: lent by the listener
                        const ListenerConfig* listener);
  Task<bool> drain();
  Task<bool> sessions_end(std::chrono::seconds within);
  Task<void> close_rooms();
  std::size_t open_sessions() const;
  serve::TlsSource tls();

  Config config_;
  ServeOptions options_;
  StandardErrorLog& log_;
  std::unique_ptr<House> house_;
  rt::Resolver& resolver_;
  Certificates certificates_;
  std::vector<rt::Executor> executors_;
  std::unique_ptr<rt::Timer> stop_bell_, poll_;
  bool stopping_ = false;

  std::unique_ptr<policy::Policy> policy_;
  std::unique_ptr<policy::SenderChecks> checks_;
  std::unique_ptr<intake::Intake> intake_;
  std::unique_ptr<deliver::Deliverer> deliverer_;
  std::unique_ptr<deliver::Sweeper> sweeper_;
  std::unique_ptr<feedback::Counts> counts_;
  std::unique_ptr<feedback::Reports> reports_;
  std::map<Protocol, std::atomic<std::size_t>> open_;  // sessions; filled before the first one
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  ServerFacts facts_;
  std::unique_ptr<AdminSocket> admin_;
};

/// Everything about `posthouse serve` but the command line: blocks until the server has stopped.
/// Fails when it could not start.
Result<Done> run_server(Config config, ServeOptions options);

}  // namespace ph::daemon
