#include "deliver/deliver.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "message/received.h"

namespace ph::deliver {

using queue::Job;
using queue::JobState;
using queue::Message;

/// What became of one job in this attempt.
struct Deliverer::Outcome {
  Job job;                                 // as it is now
  std::vector<message::Address> expanded;  // the recipients that replace it
  Event event;                             // `why` empty: nothing new to say
  bool changed = false;                    // worth a commit
};

/// One attempt at the jobs of a message that are due, several at once.
struct Deliverer::Round {
  std::shared_ptr<const Message> message;
  std::vector<std::size_t> indices;
  std::vector<Outcome> outcomes;  // of indices
  std::size_t next = 0, working = 0;
  std::optional<rt::Resume<Done>> finished;
};

Deliverer::Deliverer(Rooms rooms, rt::World& world, Options options)
    : rooms_(rooms),
      world_(world),
      options_(options),
      idle_(world.timers.timer(rooms.queue.executor())) {}

void Deliverer::start() {
  running_ = true;
  rt::spawn(rooms_.queue.executor(), run());
}

Task<void> Deliverer::run() {
  while (!stopping_) {
    while (!stopping_ && under_way_ < kAttemptsMax) {
      auto message = rooms_.queue.take_due();
      if (!message) break;
      ++under_way_;
      rt::spawn(rooms_.queue.executor(), attempt(std::move(message)));
    }
    co_await rooms_.queue.wait_for_due();
  }
  running_ = false;
  idle_->cancel();
}

Task<void> Deliverer::finish() {
  stopping_ = true;
  rooms_.queue.wake();
  while (running_ || under_way_ > 0) {
    auto woken = co_await idle_->wait_until(world_.clock.now() + std::chrono::seconds(1));
    static_cast<void>(woken);
  }
}

Task<void> Deliverer::work(std::shared_ptr<Round> round) {
  while (round->next < round->indices.size()) {
    const std::size_t slot = round->next++;
    round->outcomes[slot] = co_await one(round->message, round->indices[slot]);
  }
  if (--round->working == 0 && round->finished) (*round->finished)(Done{});
}

Task<void> Deliverer::attempt(std::shared_ptr<const Message> message) {
  auto round = std::make_shared<Round>();
  round->message = message;
  const Wall now = world_.clock.wall();
  for (std::size_t i = 0; i < message->jobs.size(); ++i)
    if (message->jobs[i].state == JobState::waiting && message->jobs[i].next_attempt <= now)
      round->indices.push_back(i);
  round->outcomes.resize(round->indices.size());
  round->working = std::min(round->indices.size(), kJobsAtOnceMax);
  if (round->working == 1) {
    co_await work(round);
  } else if (round->working > 1) {
    for (std::size_t i = 1; i < round->working; ++i)
      rt::spawn(rooms_.queue.executor(), work(round));
    co_await work(round);
    if (round->working > 0) {
      co_await rt::suspend<Done>(
          [round](rt::Resume<Done> resume) { round->finished.emplace(std::move(resume)); });
    }
  }

  queue::Settled settled{.jobs = message->jobs, .events = {}};
  std::set<std::string> known;
  for (const Job& job : message->jobs) known.insert(message::directory_key(job.recipient));
  bool changed = false;
  for (std::size_t slot = 0; slot < round->indices.size(); ++slot) {
    Outcome& outcome = round->outcomes[slot];
    changed |= outcome.changed;
    settled.jobs[round->indices[slot]] = std::move(outcome.job);
    if (!outcome.event.why.empty()) settled.events.push_back(std::move(outcome.event));
    for (message::Address& to : outcome.expanded) {
      if (!known.insert(message::directory_key(to)).second) continue;  // gets it already
      if (settled.jobs.size() >= queue::kJobsPerMessageMax) break;
      Job job{.recipient = std::move(to)};
      job.parent = static_cast<std::uint32_t>(round->indices[slot]);
      job.next_attempt = now;
      settled.jobs.push_back(std::move(job));
    }
  }
  if (!changed) {
    rooms_.queue.park(message, std::move(settled.jobs));
  } else {
    auto done = co_await rooms_.queue.settle(message, std::move(settled));
    if (!done) {
      world_.log.error("deliver: the outcome for " + to_string(message->id) +
                           " could not be recorded, trying again",
                       done.error());
      rooms_.queue.give_back(message, kUnrecordedWait);
    } else {
      rooms_.queue.wake();  // expanded recipients are due at once
    }
  }
  --under_way_;
  if (stopping_)
    idle_->cancel();
  else if (under_way_ == kAttemptsMax - 1)
    rooms_.queue.wake();
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

Deliverer::Outcome Deliverer::later(const Job& job, std::string why, bool relay) {
  Outcome outcome{.job = job};
  ++outcome.job.attempts;
  outcome.job.next_attempt =
      world_.clock.wall() + (relay
                                 ? options_.retry.longest
                                 : retry_wait(options_.retry, outcome.job.attempts, world_.random));
  // A reason that has not changed is not told again; nor is it worth a commit.
  outcome.changed = !relay && why != job.why;
  if (outcome.changed) outcome.event.why = why;
  outcome.event.outcome = ph::Outcome::deferred;
  outcome.job.why = std::move(why);
  return outcome;
}

Task<Deliverer::Outcome> Deliverer::one(std::shared_ptr<const Message> message, std::size_t index) {
  const Job job = message->jobs[index];
  const rt::Instant deadline = world_.clock.now() + kDeliveryDeadline;
  auto plans = co_await plan(job.recipient, deadline);
  Outcome outcome;
  if (!plans) {
    outcome = later(job, fmt::format("the directory did not answer: {}", plans.error().what));
    outcome.event.stage = Stage::route;
  } else if (plans->size() > 1 || !plans->front().via.empty()) {
    outcome.job = job;
    outcome.job.state = JobState::expanded;
    outcome.changed = true;
    std::string to;
    for (const route::Plan& p : *plans) {
      if (to.size() < 400)
        to += fmt::format("{}<{}>", to.empty() ? "" : ", ", to_string(p.recipient));
      outcome.expanded.push_back(p.recipient);
    }
    outcome.event.stage = Stage::route;
    outcome.event.outcome = ph::Outcome::done;
    outcome.event.why = fmt::format("goes on to {} recipient(s): {}", plans->size(), to);
  } else {
    route::Plan& p = plans->front();
    switch (p.what) {
      case route::Plan::What::deliver:
        outcome = co_await into_mailbox(message, index, std::move(p), deadline);
        break;
      case route::Plan::What::relay:
        outcome = later(job, "waits for relay to another server", true);
        outcome.event.stage = Stage::relay;
        break;
      case route::Plan::What::defer:
      case route::Plan::What::fail:
        // Nothing is given up: a recipient that the directory no longer knows waits until it does.
        outcome = later(job, std::string(p.why));
        outcome.event.stage = Stage::route;
        break;
    }
  }
  outcome.event.at = world_.clock.wall();
  outcome.event.queue_id = to_string(message->id);
  outcome.event.message_id = message->message_id;
  outcome.event.sender = message::to_string(message->sender);
  outcome.event.recipient = message::to_string(job.recipient);
  co_return outcome;
}

Task<Deliverer::Outcome> Deliverer::into_mailbox(std::shared_ptr<const Message> message,
                                                 std::size_t index, route::Plan plan,
                                                 rt::Instant deadline) {
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
  Outcome outcome{.job = job};
  if (done) {
    outcome.job.state = JobState::delivered;
    outcome.job.why.clear();
    ++outcome.job.attempts;
    outcome.changed = true;
    outcome.event.outcome = ph::Outcome::done;
    outcome.event.why = fmt::format("in the mailbox INBOX as uid {}{}", done->uid.value,
                                    done->before ? " (put there by an earlier try)" : "");
  } else if (done.error().kind == Kind::over_limit) {
    outcome = later(job, "the mailbox is full");
  } else {
    world_.log.error("deliver: the mailbox did not take " + to_string(message->id), done.error());
    outcome = later(job, fmt::format("the mailbox cannot be written now: {}", done.error().what));
  }
  outcome.event.stage = Stage::deliver;
  co_return outcome;
}

}  // namespace ph::deliver
