#include "deliver/deliver.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "codec/idna.h"
#include "message/received.h"

namespace ph::deliver {

using queue::Job;
using queue::Message;

/// One attempt at the jobs of a message that are due, several at once.
/// Shared: by the coroutines that work at it.
struct Deliverer::Round {
  std::shared_ptr<const Message> message;
  std::vector<std::uint32_t> jobs;
  std::vector<std::optional<Attempt>> outcomes;  // of jobs; nullopt: it goes to another server
  std::size_t next = 0, working = 0;
  std::uint64_t routes_version = 0;  // of the routes that it was planned with
  std::optional<rt::Resume<Done>> finished;
  /// What goes out: by destination and by what it was expanded from.
  std::map<std::pair<std::string, std::uint32_t>, std::pair<Route, std::vector<std::uint32_t>>>
      relays;
};

Deliverer::Deliverer(Rooms rooms, rt::World& world, Options options)
    : rooms_(rooms),
      world_(world),
      options_(std::move(options)),
      ledger_(rooms.queue, rooms.store, world, options_.ledger,
              {options_.relay.hostname, rooms.keys}),
      relay_(ledger_, rooms.queue, rooms.store, rooms.resolver, world, options_.relay),
      idle_(world.timers.timer(rooms.queue.executor())),
      full_(world.timers.timer(rooms.queue.executor())) {}

void Deliverer::start() {
  running_ = true;
  rt::spawn(rooms_.queue.executor(), run());
}

Task<void> Deliverer::run() {
  while (!stopping_) {
    if (under_way_ >= kAttemptsMax) {  // until one of them ends
      auto room = co_await full_->wait_until(world_.clock.now() + kDeliveryDeadline);
      static_cast<void>(room);
      continue;
    }
    while (!stopping_ && under_way_ < kAttemptsMax) {
      auto due = rooms_.queue.take_due();
      if (!due) break;
      ++under_way_;
      rt::spawn(rooms_.queue.executor(), attempt(*std::move(due)));
    }
    if (under_way_ < kAttemptsMax) co_await rooms_.queue.wait_for_due();
  }
  running_ = false;
  idle_->cancel();
}

Task<void> Deliverer::finish() {
  stopping_ = true;
  ledger_.stop();
  full_->cancel();
  rooms_.queue.wake();
  co_await relay_.finish();
  while (running_ || under_way_ > 0) {
    auto woken = co_await idle_->wait_until(world_.clock.now() + std::chrono::seconds(1));
    static_cast<void>(woken);
  }
}

void Deliverer::set_routes(std::vector<StaticRoute> routes) {
  if (routes == options_.routes || stopping_) return;
  const auto holds = [](const StaticRoute& route) { return !route.to; };
  const bool kept = std::ranges::any_of(options_.routes, holds);
  options_.routes = std::move(routes);
  ++routes_version_;
  if (!kept) return;
  ++under_way_;
  rt::spawn(rooms_.queue.executor(), look_again());
}

Task<void> Deliverer::look_again() {
  auto looked = co_await rooms_.queue.look_again();
  if (!looked)
    world_.log.error("deliver: mail kept by a route waits until its next look", looked.error());
  end_attempt();
}

void Deliverer::end_attempt() {
  --under_way_;
  if (stopping_)
    idle_->cancel();
  else if (under_way_ == kAttemptsMax - 1)
    full_->cancel();
}

Task<void> Deliverer::work(std::shared_ptr<Round> round) {
  while (round->next < round->jobs.size()) {
    const std::size_t slot = round->next++;
    round->outcomes[slot] = co_await one(round, slot);
  }
  if (--round->working == 0 && round->finished) (*round->finished)(Done{});
}

Task<void> Deliverer::attempt(queue::Due due) {
  auto round = std::make_shared<Round>();
  round->message = std::move(due.message);
  round->jobs = std::move(due.jobs);
  round->outcomes.resize(round->jobs.size());
  round->routes_version = routes_version_;
  // Counted before any of them runs: one may be over before the next begins.
  const std::size_t workers = std::min(round->jobs.size(), kJobsAtOnceMax);
  round->working = workers;
  for (std::size_t i = 1; i < workers; ++i) rt::spawn(rooms_.queue.executor(), work(round));
  co_await work(round);
  if (round->working > 0) {
    co_await rt::suspend<Done>(
        [round](rt::Resume<Done> resume) { round->finished.emplace(std::move(resume)); });
  }
  Ledger::Found found;
  for (std::size_t slot = 0; slot < round->jobs.size(); ++slot) {
    auto& outcome = round->outcomes[slot];
    if (!outcome) continue;
    if (outcome->what == Attempt::What::kept && round->routes_version != routes_version_)
      rooms_.queue.give_back(round->message->id, {round->jobs[slot]}, std::chrono::seconds(0));
    else
      found.emplace_back(round->jobs[slot], *std::move(outcome));
  }
  for (auto& [where, relay] : round->relays) {
    if (stopping_)
      rooms_.queue.give_back(round->message->id, relay.second, std::chrono::seconds(1));
    else
      relay_.submit(round->message, std::move(relay.second), std::move(relay.first));
  }
  if (!found.empty()) co_await ledger_.record(round->message, std::move(found));
  end_attempt();
}

Task<Result<std::vector<route::Plan>>> Deliverer::plan(message::Address recipient,
                                                       rt::Instant deadline) {
  route::RoutePlanner planner(std::move(recipient));
  while (auto address = planner.question()) {
    PH_CO_TRY(identity::Resolved known, co_await rooms_.directory.resolve(*address, deadline));
    using What = identity::Resolved::What;
    route::Answer answer;
    switch (known.what) {
      case What::not_local: answer.what = route::Answer::What::not_local; break;
      case What::unknown_user: answer.what = route::Answer::What::unknown_user; break;
      case What::account: answer.what = route::Answer::What::account; break;
      case What::alias: answer.what = route::Answer::What::alias; break;
      case What::moved: answer.what = route::Answer::What::moved; break;
    }
    answer.account = known.account.id;
    answer.quota_octets = known.account.quota_octets;
    answer.accepts = known.account.state == identity::AccountState::active;
    answer.targets = std::move(known.targets);
    answer.forward = known.account.forward;
    planner.answer(std::move(answer));
  }
  co_return planner.take_plans();
}

/// nullopt: `round` has it among its relays now.
std::optional<Attempt> Deliverer::find_route(const message::Address& recipient, Round& round,
                                             std::uint32_t index) const {
  // The configuration names domains as the DNS does; recipients may be written in other scripts.
  const auto ascii = codec::to_ascii_domain(recipient.domain);
  const std::string_view domain = ascii ? *ascii : recipient.domain;
  const StaticRoute *own = nullptr, *others = nullptr;
  for (const StaticRoute& route : options_.routes) {
    if (route.domain == domain) own = &route;
    if (route.domain == "*") others = &route;
  }
  const StaticRoute* fits = own ? own : others;
  // What was released goes where it would go without routes that say hold.
  if (round.message->jobs[index].released && fits && !fits->to)
    fits = others && others->to ? others : nullptr;
  if (fits && !fits->to)
    return Attempt{.what = Attempt::What::kept,
                   .stage = Stage::route,
                   .why = fmt::format("held: the route for {} says so", fits->domain)};
  Route route{recipient.domain, fits ? fits->to : std::nullopt};
  const std::string where = route.to ? rt::to_string(*route.to) : route.domain;
  auto& relay = round.relays[{where, round.message->jobs[index].parent}];
  relay.first = std::move(route);
  relay.second.push_back(index);
  return std::nullopt;
}

Task<std::optional<Attempt>> Deliverer::one(std::shared_ptr<Round> round, std::size_t slot) {
  using What = Attempt::What;
  const std::uint32_t index = round->jobs[slot];
  const Job job = round->message->jobs[index];
  const rt::Instant deadline = world_.clock.now() + kDeliveryDeadline;
  auto plans = co_await plan(job.recipient, deadline);
  Attempt attempt;
  if (!plans) {
    attempt.why = fmt::format("the directory did not answer: {}", plans.error().what);
    attempt.status = "4.3.0";
    co_return attempt;
  }
  route::Plan& first = plans->front();
  const bool ours =
      plans->size() > 1 || !first.via.empty() || first.what == route::Plan::What::deliver;
  const auto& been = round->message->delivered_to;
  if (ours && std::ranges::find(been, message::directory_key(job.recipient)) != been.end()) {
    attempt = {.what = What::failed,
               .why = "a loop: its header says that it was delivered to this address before",
               .status = "5.4.6"};
    co_return attempt;
  }
  if (plans->size() > 1 || !first.via.empty()) {
    attempt.what = What::expanded;
    std::string to;
    for (const route::Plan& p : *plans) {
      if (to.size() < 400)
        to += fmt::format("{}<{}>", to.empty() ? "" : ", ", to_string(p.recipient));
      attempt.expanded.push_back(p.recipient);
    }
    attempt.why = fmt::format("goes on to {} recipient(s): {}", plans->size(), to);
    co_return attempt;
  }
  switch (first.what) {
    case route::Plan::What::deliver: {
      attempt = co_await into_mailbox(round->message, index, std::move(first), deadline);
      break;
    }
    case route::Plan::What::relay: co_return find_route(first.recipient, *round, index);
    case route::Plan::What::defer:
    case route::Plan::What::fail:
      attempt.what = first.what == route::Plan::What::fail ? What::failed : What::later;
      attempt.why = first.why;
      attempt.status = first.status;
      break;
  }
  co_return attempt;
}

Task<Attempt> Deliverer::into_mailbox(std::shared_ptr<const Message> message, std::uint32_t index,
                                      route::Plan plan, rt::Instant deadline) {
  const Job job = message->jobs[index];
  mailbox::Delivery delivery{.account = plan.account,
                             .quota_octets = plan.quota_octets,
                             .once = fmt::format("{}.{}", to_string(message->id), index),
                             .once_day = message->id.day,
                             .queue_id = to_string(message->id),
                             .blob = message->blob,
                             .blob_octets = message->octets,
                             .prefix = message::return_path_field(message->sender) +
                                       message::delivered_to_field(job.recipient) + message->added,
                             .message_id = message->message_id,
                             .internal_date = message->accepted};
  auto done = co_await rooms_.mailboxes.deliver(std::move(delivery), deadline);
  Attempt attempt{.stage = Stage::deliver};
  if (done) {
    attempt.what = Attempt::What::delivered;
    attempt.why = fmt::format("in the mailbox INBOX as uid {}{}", done->uid.value,
                              done->before ? " (put there by an earlier try)" : "");
  } else if (done.error().kind == Kind::over_limit) {
    attempt.why = "the mailbox is full";
    attempt.status = "4.2.2";
  } else {
    world_.log.error("deliver: the mailbox did not take " + to_string(message->id), done.error());
    attempt.why = fmt::format("the mailbox cannot be written now: {}", done.error().what);
    attempt.status = "4.3.0";
  }
  co_return attempt;
}

}  // namespace ph::deliver
