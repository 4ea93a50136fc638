#include "app/daemon/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "app/daemon/first_start.h"
#include "app/daemon/own_addresses.h"
#include "rt/os/addresses.h"
#include "rt/os/unix_socket.h"

namespace ph::daemon {
namespace {

std::chrono::seconds seconds(std::chrono::milliseconds duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration);
}

std::vector<deliver::StaticRoute> routes_of(const Config& config) {
  std::vector<deliver::StaticRoute> routes;
  for (const auto& route : config.routes) routes.push_back({route.domain, route.to});
  return routes;
}

deliver::Options delivery(const Config& config) {
  deliver::Options options{
      .ledger = {.retry = {seconds(config.queue.retry_first), seconds(config.queue.retry_max)},
                 .expire = seconds(config.queue.expire),
                 .warn = seconds(config.queue.warn)},
      .relay = {.hostname = config.hostname,
                .port = config.delivery_port,
                // Mail that a domain's records send to where we listen ourselves would come back
                // for ever.
                .self = {.names = {config.hostname},
                         .addresses = own_mail_addresses(config, rt::os::local_addresses())},
                .sessions_per_destination = config.per_destination},
      .routes = routes_of(config)};
  return options;
}

Task<Result<std::uint64_t>> octets_used(
    mailbox::Mailboxes& mailboxes,  // NOLINT: outlives all calls
    std::string account, rt::Instant deadline) {
  PH_CO_TRY(const auto usage, co_await mailboxes.usage(std::move(account), deadline));
  co_return usage.octets;
}

/// Where we listen, on whatever port: mail for user@[one of these] would come back to us.
std::vector<rt::IpAddress> own_addresses(const Config& config) {
  std::vector<rt::IpAddress> own;
  const auto machine = rt::os::local_addresses();
  for (const auto& listener : config.listeners) {
    for (const auto& at : listener.at) {
      const bool every = at.ip.octets == decltype(at.ip.octets){};
      if (!every) own.push_back(at.ip);
      for (const rt::IpAddress& one : machine)
        if (every && one.v6 == at.ip.v6) own.push_back(one);
    }
  }
  return own;
}

/// Ends the process when stopping takes too long: what was acknowledged is on disk.
Task<void> end_after(rt::World& world,
                     std::unique_ptr<rt::Timer> timer) {  // NOLINT: world outlives
  const auto waited = co_await timer->wait_until(world.clock.now() + kStopMax);
  if (!waited) co_return;
  world.log.write(rt::Level::error, "stop.forced", {{"why", "stopping took too long"}});
  std::_Exit(1);
}

}  // namespace

Server::Server(Config config, ServeOptions options, StandardErrorLog& log,
               std::unique_ptr<House> house, rt::Resolver& resolver,
               std::shared_ptr<const crypto::TlsContext> certificate,
               std::vector<rt::Executor> executors)
    : config_(std::move(config)),
      options_(std::move(options)),
      log_(log),
      house_(std::move(house)),
      resolver_(resolver),
      certificates_(std::move(certificate)),
      executors_(std::move(executors)),
      stop_bell_(house_->world().timers.timer(executors_.front())),
      poll_(house_->world().timers.timer(executors_.front())) {
  facts_ = {options_.version, config_.hostname, config_.store, {}};
}

Server::~Server() = default;

serve::TlsSource Server::tls() {
  return [this] { return certificates_.get(); };
}

/// What is counted of mail, and the reports made of it.
void Server::make_reports() {
  auto& world = house_->world();
  const auto& settings = config_.authentication;
  counts_ = std::make_unique<feedback::Counts>(house_->store(), world, executors_.front());
  reports_ = std::make_unique<feedback::Reports>(
      feedback::ReportServices{house_->store(), house_->queue(), resolver_, world,
                               house_->identity().keyring(), *counts_, house_->note()},
      executors_.front(),
      feedback::ReportOptions{.hostname = config_.hostname,
                              .on = settings.reports,
                              .organization = settings.report_organization,
                              .contact = settings.report_contact,
                              .generator = "Posthouse " + options_.version});
}

std::function<void(const mailauth::DmarcFinding&)> Server::count_findings() {
  if (config_.authentication.reports == false) return {};
  return [&counts = *counts_](const mailauth::DmarcFinding& finding) { counts.count(finding); };
}

Task<Result<Done>> Server::start() {
  auto& world = house_->world();
  auto& mailboxes = house_->mailboxes();
  PH_CO_TRY([[maybe_unused]] const auto ready, co_await house_->start());
  const auto& limits = config_.limits;
  policy_ = policy::make_policy(
      policy::Services{house_->identity().directory(), house_->identity().authenticator(),
                       house_->store(),
                       [&mailboxes](std::string account, rt::Instant deadline) {
                         return octets_used(mailboxes, std::move(account), deadline);
                       },
                       world, house_->note()},
      policy::Options{.hostname = config_.hostname,
                      .trusted_networks = config_.trusted_networks,
                      .connections_max = limits.connections,
                      .connections_per_client_max = limits.connections_per_client,
                      .message_octets_max = limits.message_octets,
                      .own_addresses = own_addresses(config_)});
  checks_ = std::make_unique<policy::SenderChecks>(
      resolver_, world,
      policy::SenderCheckOptions{.hostname = config_.hostname,
                                 .mode = config_.authentication.mode,
                                 .trusted = config_.authentication.trusted,
                                 .trusted_networks = config_.trusted_networks});
  auto& identity = house_->identity();
  make_reports();
  intake_ = intake::make_intake({.store = house_->store(),
                                 .queue = house_->queue(),
                                 .world = world,
                                 .note = house_->note(),
                                 .checks = checks_.get(),
                                 .keys = &identity.keyring(),
                                 .directory = &identity.directory(),
                                 .count = count_findings()},
                                {config_.hostname, limits.message_octets, limits.memory_octets});
  deliverer_ = std::make_unique<deliver::Deliverer>(
      deliver::Rooms{house_->queue(), house_->identity().directory(), mailboxes, house_->store(),
                     resolver_, &house_->identity().keyring()},
      world, delivery(config_));
  sweeper_ = std::make_unique<deliver::Sweeper>(house_->store(), house_->identity(), world,
                                                executors_.front());

  std::string demo;
  if (options_.demo) {
    PH_CO_TRY(demo, co_await first_start(*house_, config_, options_.program));
  }
  auto opened = open_listeners();
  if (opened) {
    auto acceptor = rt::os::listen_unix(executors_.front(), admin_socket_path(config_));
    if (acceptor) {
      admin_ = std::make_unique<AdminSocket>(std::move(*acceptor), executors_.front(),
                                             house_->admin(facts_, reports_.get()));
    } else {
      opened = std::unexpected(acceptor.error());
    }
  }
  // Also when this start fails: the passwords are never shown again.
  fmt::print("{}", demo);
  std::fflush(stdout);
  if (!opened) co_return opened;
  admin_->start();
  deliverer_->start();
  sweeper_->start();
  counts_->start();
  reports_->start();
  std::string listening;
  for (const auto& one : facts_.listening) listening += (listening.empty() ? "" : ", ") + one;
  log_.write(rt::Level::info, "ready", {{"listening", listening}, {"store", config_.store}});
  co_return Done{};
}

Task<Result<bool>> Server::run() {
  auto& world = house_->world();
  const auto started = co_await start();
  if (started) {
    while (!stopping_) {
      const auto later = world.clock.now() + std::chrono::hours(1);
      [[maybe_unused]] const auto rung = co_await stop_bell_->wait_until(later);
    }
    log_.write(rt::Level::info, "stopping", {{"sessions", std::to_string(open_sessions())}});
  }
  rt::spawn(executors_.front(), end_after(world, world.timers.timer(executors_.front())));
  const bool all_gone = co_await drain();
  co_await close_rooms();
  if (!started) co_return std::unexpected(started.error());
  log_.write(rt::Level::info, "stopped", {});
  co_return all_gone;
}

void Server::stop() {
  stopping_ = true;
  stop_bell_->cancel();
}

void Server::reload() {
  auto& world = house_->world();
  Config now = config_;
  if (!config_.file.empty()) {
    auto read = load_config(world.disk, config_.file);
    if (!read) return log_.error("reload.failed", read.error());
    for (const auto& problem : read->problems) {
      const bool error = problem.severity == Severity::error;
      log_.write(error ? rt::Level::error : rt::Level::warning, "reload.problem",
                 {{"problem", format_problem(problem, config_.file)}});
    }
    if (!read->ok()) return;
    now = std::move(read->config);
  }
  auto certificate = load_certificate(now, world);
  if (!certificate) return log_.error("reload.failed", certificate.error());
  certificates_.set(std::move(*certificate));
  log_.set_level(now.log.level);
  if (deliverer_) deliverer_->set_routes(routes_of(now));
  log_.write(rt::Level::info, "reloaded", {{"certificate", certificate_files(now).certificate}});
}

std::size_t Server::open_sessions() const {
  std::size_t sum = 0;
  for (const auto& listener : listeners_) sum += listener->open_connections();
  return sum;
}

Task<bool> Server::sessions_end(std::chrono::seconds within) {
  auto& clock = house_->world().clock;
  const auto until = clock.now() + within;
  while (open_sessions() > 0 && clock.now() < until) {
    [[maybe_unused]] const auto waited = co_await poll_->wait_until(clock.now() + kDrainPollEvery);
  }
  co_return open_sessions() == 0;
}

Task<bool> Server::drain() {
  for (const auto& listener : listeners_) listener->drain();
  bool gone = co_await sessions_end(kDrainMax);
  if (!gone) {
    log_.write(rt::Level::warning, "stop.closing", {{"sessions", std::to_string(open_sessions())}});
    for (const auto& listener : listeners_) listener->close_all();
    gone = co_await sessions_end(kCloseMax);
  }
  if (reports_) reports_->stop();  // an order of administration would wait for the DNS
  if (admin_) co_await admin_->finish();
  co_return gone;
}

Task<void> Server::close_rooms() {
  if (sweeper_ && admin_) co_await sweeper_->finish();
  if (reports_ && admin_) co_await reports_->finish();
  if (counts_ && admin_) co_await counts_->finish();
  if (deliverer_ && admin_) co_await deliverer_->finish();
  co_await house_->finish();
}

}  // namespace ph::daemon
