#include "deliver/relay.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "codec/idna.h"
#include "deliver/mx_lookup.h"
#include "message/received.h"

namespace ph::deliver {

using queue::Message;

/// Recipients of one message that go to one destination.
struct Relay::Work {
  std::shared_ptr<const Message> message;
  std::vector<std::uint32_t> jobs;
};

struct Relay::Destination {
  Route route;
  std::deque<Work> line;
  std::size_t sessions = 0;
  std::size_t allowed = 1;       // sessions
  bool waiting = false;          // in waiting_
  std::vector<rt::Timer*> idle;  // bells of sessions that wait for work, which own them
};

namespace {

std::string key_of(const Route& route) {
  return route.to ? rt::to_string(*route.to) : route.domain;
}

}  // namespace

Relay::Relay(Ledger& ledger, queue::MailQueue& queue, store::Store& store, rt::Resolver& resolver,
             rt::World& world, RelayOptions options)
    : ledger_(ledger),
      queue_(queue),
      store_(store),
      resolver_(resolver),
      world_(world),
      options_(std::move(options)),
      hosts_(world.clock) {
  // Whoever the other side is, encryption keeps out those who only listen (RFC 7435).
  auto tls = crypto::TlsContext::client(false);
  if (tls)
    tls_ = *std::move(tls);
  else
    world_.log.error("relay: no TLS for outgoing connections", tls.error());
}

Relay::~Relay() = default;

void Relay::submit(std::shared_ptr<const Message> message, std::vector<std::uint32_t> jobs,
                   Route route) {
  auto& destination = destinations_[key_of(route)];
  if (!destination) {
    destination = std::make_shared<Destination>();
    destination->route = std::move(route);
  }
  for (std::size_t first = 0; first < jobs.size(); first += kRecipientsPerLetterMax) {
    const auto count = std::min(jobs.size() - first, kRecipientsPerLetterMax);
    const auto from = jobs.begin() + static_cast<std::ptrdiff_t>(first);
    destination->line.push_back({message, {from, from + static_cast<std::ptrdiff_t>(count)}});
  }
  open_sessions(destination);
}

/// As many as it may have and has work for. Those that rest come first.
void Relay::open_sessions(const DestinationPtr& destination) {
  std::size_t wanted = destination->line.size();
  while (wanted > 0 && !destination->idle.empty()) {
    destination->idle.back()->cancel();
    destination->idle.pop_back();
    --wanted;
  }
  while (wanted > 0 && destination->sessions < destination->allowed && !stopping_) {
    if (sessions_ >= kSessionsMax || dialing_ >= kDialingMax) {
      if (!std::exchange(destination->waiting, true)) waiting_.push_back(destination);
      return;
    }
    --wanted;
    ++destination->sessions;
    ++dialing_;
    rt::spawn(queue_.executor(), session(destination));
  }
}

/// A place has become free.
void Relay::open_waiting() {
  while (!waiting_.empty() && sessions_ < kSessionsMax && dialing_ < kDialingMax && !stopping_) {
    const DestinationPtr destination = waiting_.front();
    waiting_.pop_front();
    destination->waiting = false;
    open_sessions(destination);
    forget(destination);
  }
}

Task<void> Relay::session(DestinationPtr destination) {
  auto out = std::make_unique<Outgoing>(world_, store_, tls_);
  const std::uint64_t number = next_number_++;
  outgoing_.emplace(number, out.get());
  bool dialing = true;  // counted in dialing_, else in sessions_
  std::size_t letters = 0;
  while (co_await next_work(destination, *out)) {
    auto errand = std::make_shared<Errand>();
    errand->message = std::move(destination->line.front().message);
    errand->open = std::move(destination->line.front().jobs);
    destination->line.pop_front();
    co_await carry(destination, *out, errand);
    if (dialing && out->open()) {
      dialing = false;
      --dialing_;
      ++sessions_;
      open_waiting();
    }
    if (!destination->line.empty()) open_sessions(destination);
    if (++letters >= kLettersPerConnectionMax) {
      letters = 0;
      co_await out->quit();
    }
  }
  co_await out->quit();
  outgoing_.erase(number);
  --(dialing ? dialing_ : sessions_);
  --destination->sessions;
  open_waiting();
  if (!destination->line.empty()) {
    open_sessions(destination);
  } else {
    forget(destination);
  }
}

/// If nothing is left to do for it.
void Relay::forget(const DestinationPtr& destination) {
  if (destination->sessions > 0 || destination->waiting || !destination->line.empty()) return;
  const auto found = destinations_.find(key_of(destination->route));
  if (found != destinations_.end() && found->second == destination) destinations_.erase(found);
}

/// false: the session ends. An open connection waits a little for more.
Task<bool> Relay::next_work(DestinationPtr destination, Outgoing& out) {  // NOLINT: its own
  if (stopping_) co_return false;
  if (!destination->line.empty()) co_return true;
  if (!out.open()) co_return false;
  const auto bell = world_.timers.timer(queue_.executor());
  destination->idle.push_back(bell.get());
  auto rung = co_await bell->wait_until(world_.clock.now() + kIdleConnectionMax);
  static_cast<void>(rung);
  std::erase(destination->idle, bell.get());
  co_return !stopping_ && !destination->line.empty();
}

/// Everything that one attempt does for this work, and its record.
Task<void> Relay::carry(DestinationPtr destination, Outgoing& out,  // NOLINT: the session's
                        ErrandPtr errand) {
  while (!errand->open.empty()) {
    if (!out.open()) {
      const bool connected = co_await connect(destination, out, errand);
      if (!connected) break;
    }
    const bool on = co_await one_letter(out, errand);
    if (!on) break;
  }
  const bool nobody = errand->unreachable && !errand->talked && !errand->open.empty();
  const Attempt last = errand->last;
  if (stopping_ && errand->untouched()) {  // nothing was tried: the next start does
    queue_.give_back(errand->message->id, errand->open, std::chrono::seconds(1));
    co_return;
  }
  if (errand->relayed())
    destination->allowed = std::min(destination->allowed + 1, options_.sessions_per_destination);
  co_await ledger_.record(errand->message, errand->take_found());
  if (nobody) co_await fail_line(destination, last);
}

/// No host of the destination can be reached now: nobody in its line has to find that out again.
Task<void> Relay::fail_line(DestinationPtr destination, Attempt attempt) {
  destination->allowed = 1;
  std::deque<Work> line = std::exchange(destination->line, {});
  for (Work& work : line) {
    Ledger::Found found;
    for (const std::uint32_t job : work.jobs) found.emplace_back(job, attempt);
    co_await ledger_.record(std::move(work.message), std::move(found));
  }
}

/// Asks the DNS once for each errand.
Task<void> Relay::find_targets(DestinationPtr destination, ErrandPtr errand) {
  errand->looked_up = true;
  const Route& route = destination->route;
  if (route.to) {
    errand->targets.push_back({*route.to, ""});
    co_return;
  }
  const auto deadline = world_.clock.now() + kLookUpMax;
  // What people write in other scripts the DNS knows in ASCII, RFC 5891 §4.
  auto name = route.domain.starts_with('[') ? route.domain : codec::to_ascii_domain(route.domain);
  if (!name) {
    errand->last = {.what = Attempt::What::failed,
                    .stage = Stage::route,
                    .why = fmt::format("{} is no domain name: {}", route.domain, name.error().what),
                    .status = "5.1.2"};
    errand->unreachable = true;
    co_return;
  }
  auto found = co_await look_up_mx(resolver_, *std::move(name), options_.self, deadline);
  if (found.what != route::MxResult::What::go) {
    const bool final = found.what == route::MxResult::What::permanent;
    errand->last = {.what = final ? Attempt::What::failed : Attempt::What::later,
                    .stage = Stage::route,
                    .why = std::move(found.why),
                    .status = std::move(found.status)};
    errand->unreachable = true;
    co_return;
  }
  const auto order =
      route::try_order(found, [this](std::uint64_t bound) { return world_.random.below(bound); });
  for (const route::MxTarget& target : order) {
    const auto ip = rt::parse_ip(target.address);
    if (ip) errand->targets.push_back({{*ip, options_.port}, target.host});
  }
  hosts_.arrange(errand->targets);
}

/// To the next host that takes a connection. false: there is none.
Task<bool> Relay::connect(DestinationPtr destination, Outgoing& out,  // NOLINT: the session's
                          ErrandPtr errand) {
  if (!errand->looked_up) co_await find_targets(destination, errand);
  while (!stopping_) {
    if (!errand->same) {
      if (errand->targets.empty()) co_return false;
      if (errand->talks >= kTalksPerAttemptMax) co_return false;
      errand->target = std::move(errand->targets.front());
      errand->targets.pop_front();
      errand->options = {.hostname = options_.hostname};
      if (!tls_) errand->options.starttls = smtp::ClientOptions::StartTls::never;
    }
    errand->same = false;
    auto dialed = co_await out.dial(errand->target, errand->options);
    if (dialed) co_return true;
    if (stopping_) break;
    hosts_.failed(errand->target.at, true);
    errand->unreachable = true;
    errand->last = {.stage = Stage::relay,
                    .why = fmt::format("no connection to {}: {}", to_string(errand->target),
                                       dialed.error().what),
                    .status = "4.4.1",
                    .host = to_string(errand->target)};
  }
  co_return false;
}

/// One transaction for all that is open. false: the attempt is over.
Task<bool> Relay::one_letter(Outgoing& out, ErrandPtr errand) {  // NOLINT: the session's
  const Content content = content_of(*errand);
  const auto report = co_await out.deliver(letter_of(*errand, content), content);
  if (stopping_ && !report.accepted && !report.in_doubt && report.closing) {
    errand->last = {.stage = Stage::relay,
                    .why = "the server was stopped during the attempt",
                    .status = "4.3.2"};
    co_return false;
  }
  errand->unreachable = false;
  if (again_with_less(report, out, *errand)) co_return true;
  ++errand->talks;
  if (report.closing && report.try_next_host)
    hosts_.failed(out.target().at, false);
  else
    hosts_.works(out.target().at, errand->targets);
  read_report(report, out, *errand);
  co_return true;
}

/// The same host once more, with what it did not stand left out.
bool Relay::again_with_less(const smtp::ClientReport& report, Outgoing& out, Errand& errand) {
  if (report.accepted || report.in_doubt) return false;
  using StartTls = smtp::ClientOptions::StartTls;
  smtp::ClientOptions options = out.options();
  if (report.stale) {
    // The connection of an earlier errand had ended meanwhile: a new one to the same host.
  } else if (report.retry_without_tls && options.starttls == StartTls::if_offered) {
    options.starttls = StartTls::never;
  } else if (report.retry_helo_only && !options.helo_only) {
    options.helo_only = true;
  } else {
    return false;
  }
  if (++errand.repeats > 3) return false;
  errand.target = out.target();
  errand.options = std::move(options);
  errand.same = true;
  return true;
}

void Relay::read_report(const smtp::ClientReport& report, Outgoing& out, Errand& errand) {
  using What = smtp::RecipientReport::What;
  std::vector<std::uint32_t> still;
  const bool elsewhere = report.closing && !report.in_doubt && !report.accepted;
  bool unreached = false;
  for (std::size_t i = 0; i < errand.open.size(); ++i) {
    const auto& recipient = report.recipients[i];
    Attempt attempt{.what = Attempt::What::later,
                    .stage = Stage::relay,
                    .why = why_of(recipient, out),
                    .status = recipient.status,
                    .host = to_string(out.target()),
                    .reply = recipient.reply.verbatim};
    if (recipient.what == What::accepted) {
      attempt.what = Attempt::What::relayed;
      attempt.dsn_passed = recipient.dsn_passed;
    } else if (!out.unfit().empty()) {
      attempt.what = Attempt::What::failed;
      attempt.status = "5.6.3";  // RFC 3463 §3.7: conversion required but not supported
      attempt.why = fmt::format(
          "the next server takes 7-bit messages only, and this one cannot be "
          "converted: {}",
          out.unfit());
    } else if (recipient.what == What::refused_permanent) {
      attempt.what = Attempt::What::failed;
    } else if (recipient.again || elsewhere) {
      still.push_back(errand.open[i]);
      if (elsewhere && recipient.stage <= smtp::Stage::hello) unreached = true;
      if (recipient.stage > smtp::Stage::hello) errand.talked = true;
      errand.last = std::move(attempt);
      continue;
    } else {
      attempt.in_doubt = report.in_doubt;
    }
    errand.found.emplace_back(errand.open[i], std::move(attempt));
  }
  errand.unreachable = unreached && still.size() == report.recipients.size();
  if (still.size() == errand.open.size() && !elsewhere && ++errand.repeats > 3) {
    // It says "again" and takes nobody: enough for this time.
    for (const std::uint32_t job : still) errand.found.emplace_back(job, errand.last);
    still.clear();
  }
  errand.open = std::move(still);
}

Content Relay::content_of(const Errand& errand) const {
  const Message& message = *errand.message;
  Content content{.prefix = {}, .blob = message.blob, .octets = message.octets};
  // Where it was forwarded is written down, so that a loop is seen when it comes back.
  auto parent = message.jobs[errand.open.front()].parent;
  while (parent != queue::Job::kNoParent && parent < message.jobs.size()) {
    content.prefix += message::delivered_to_field(message.jobs[parent].recipient);
    parent = message.jobs[parent].parent;
  }
  content.prefix += message.added;
  return content;
}

smtp::Letter Relay::letter_of(const Errand& errand, const Content& content) const {
  const Message& message = *errand.message;
  smtp::Letter letter{.sender = message.sender,
                      .recipients = {},
                      .octets = content.prefix.size() + content.octets,
                      .eight_bit = message.eight_bit,
                      .convertible = message.eight_bit && !message.eight_bit_header,
                      .needs_smtputf8 = message.smtputf8 && message.eight_bit_header};
  if (message.return_full) letter.ret = smtp::Return::full;
  if (message.return_headers) letter.ret = smtp::Return::headers;
  letter.envelope_id = message.envelope_id;
  for (const std::uint32_t index : errand.open) {
    const queue::Job& job = message.jobs[index];
    letter.recipients.push_back(job.recipient);
    letter.options.push_back({.notify = job.notify, .original_recipient = job.original});
  }
  return letter;
}

Task<void> Relay::finish() {
  stopping_ = true;
  for (const auto& [name, destination] : destinations_) {
    for (rt::Timer* bell : destination->idle) bell->cancel();
    for (const Work& work : std::exchange(destination->line, {}))
      queue_.give_back(work.message->id, work.jobs, std::chrono::seconds(1));
  }
  waiting_.clear();
  const auto timer = world_.timers.timer(queue_.executor());
  const auto until = world_.clock.now() + kRelayStopMax;
  while (!outgoing_.empty()) {
    if (world_.clock.now() >= until)
      for (const auto& [number, out] : outgoing_) out->close();
    auto slept = co_await timer->wait_until(world_.clock.now() + std::chrono::milliseconds(50));
    static_cast<void>(slept);
  }
}

}  // namespace ph::deliver
