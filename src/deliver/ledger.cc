#include "deliver/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace ph::deliver {

using message::DsnAction;
using queue::Job;
using queue::JobState;
using queue::Message;
using queue::Notify;

namespace {

/// Whom we tell when a message without a sender cannot be delivered.
const message::Address kAdministrator{.local = "postmaster", .domain = ""};

std::string in_words(std::chrono::seconds span) {
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(span).count();
  if (hours >= 48) return fmt::format("{} days", hours / 24);
  if (hours >= 2) return fmt::format("{} hours", hours);
  return fmt::format("{} minutes", std::max<std::int64_t>(span.count() / 60, 1));
}

/// Of "mx.b.test [192.0.2.1]:25" or "[192.0.2.1]:25", the name or the literal: RFC 3464 §2.3.5.
std::string mta_name(std::string_view host) {
  const std::size_t end = host.find(' ');
  if (end != host.npos) return std::string(host.substr(0, end));
  return std::string(host.substr(0, host.rfind(':')));
}

}  // namespace

/// What one call of record() writes. Shared: by the coroutines that write it, one after the other.
struct Ledger::Page {
  bool telling = true;  // reports are made
  std::shared_ptr<const Message> message;
  queue::Settled settled;
  std::set<std::string> known;  // directory keys of all recipients
  struct Tell {
    DsnAction kind;
    message::DsnRecipient recipient;
    bool administrator = false;
  };
  std::vector<Tell> tell;
  std::vector<std::pair<std::uint32_t, Job>> parked;
  std::vector<Event> parked_events;
};

Ledger::Ledger(queue::MailQueue& queue, store::Store& store, rt::World& world,
               LedgerOptions options, ReportOptions reports)
    : queue_(queue),
      world_(world),
      options_(options),
      reporter_(queue, store, world, std::move(reports)) {}

Event Ledger::event_of(const Message& message, const Job& job, Attempt attempt) const {
  using What = Attempt::What;
  Event event{.at = world_.clock.wall(),
              .stage = attempt.stage,
              .outcome = Outcome::done,
              .queue_id = to_string(message.id),
              .message_id = message.message_id,
              .sender = message::to_string(message.sender),
              .recipient = message::to_string(job.recipient),
              .peer = std::move(attempt.host),
              .why = std::move(attempt.why),
              .reply = attempt.reply.substr(0, kEventReplyOctetsMax)};
  if (attempt.what == What::later || attempt.what == What::kept) event.outcome = Outcome::deferred;
  if (attempt.what == What::failed) event.outcome = Outcome::failed;
  return event;
}

/// Not now: when next, or that it has waited for long enough.
void Ledger::postpone(Page& page, Job& job, Attempt& attempt) {
  const Message& message = *page.message;
  const Wall now = world_.clock.wall();
  ++job.attempts;
  if (now - message.accepted >= options_.expire) {
    attempt.why = fmt::format("given up after {}; the last attempt: {}", in_words(options_.expire),
                              attempt.why);
    attempt.what = Attempt::What::failed;
    attempt.status = "5.4.7";  // RFC 3463 §3.5: delivery time expired
    return;
  }
  const Wall last = message.accepted + options_.expire;
  const Wall notice = message.accepted + options_.warn;
  job.next_attempt =
      std::min(now + retry_wait(options_.retry, job.attempts, world_.random), std::max(last, now));
  // The notice of delay comes when it was promised, not at whatever attempt follows.
  if (!job.warned && now < notice) job.next_attempt = std::min(job.next_attempt, notice);
  job.why = attempt.why;
  if (job.warned || now < notice || message.sender.null() || !page.telling) return;
  job.warned = true;
  if ((job.notify & Notify::delay) == 0) return;
  page.tell.push_back({DsnAction::delayed,
                       {.final = job.recipient,
                        .original = job.original,
                        .action = DsnAction::delayed,
                        .status = attempt.status.empty() ? "4.4.1" : attempt.status,
                        .remote_mta = mta_name(attempt.host),
                        .diagnostic = attempt.reply,
                        .why = attempt.why,
                        .last_attempt = now,
                        .retry_until = last}});
}

/// All or nothing: whoever is left out would get no mail, and nobody would know.
bool Ledger::has_room(const Page& page, const Attempt& attempt) {
  return page.message->jobs.size() + page.settled.added.size() + attempt.expanded.size() <=
         queue::kJobsPerMessageMax;
}

void Ledger::expand(Page& page, std::uint32_t index, const Job& job, const Attempt& attempt) {
  for (const message::Address& to : attempt.expanded) {
    if (!page.known.insert(message::directory_key(to)).second) continue;  // gets it already
    Job added{.recipient = to, .released = job.released, .notify = job.notify, .parent = index};
    // RFC 3461 §5.2.7.1: what one recipient became several cannot report success as one.
    if (attempt.expanded.size() > 1)
      added.notify = static_cast<std::uint8_t>(added.notify & ~Notify::success);
    added.original =
        job.original.empty() ? "rfc822;" + message::to_string(job.recipient) : job.original;
    added.next_attempt = world_.clock.wall();
    page.settled.added.push_back(std::move(added));
  }
}

/// One recipient's outcome: the job as it is now, what is said of it, and who is told.
void Ledger::note(Page& page, std::uint32_t index, Attempt attempt) {
  using What = Attempt::What;
  const Message& message = *page.message;
  const Job before = message.jobs[index];
  Job job = before;
  if (!attempt.host.empty()) job.host = attempt.host;
  if (!attempt.reply.empty()) job.reply = attempt.reply;
  if (attempt.what == What::kept) {
    job.next_attempt = world_.clock.wall() + options_.retry.longest;
    job.why = attempt.why.substr(0, queue::kJobWhyOctetsMax);
    job.kept = true;
    // It is said once, not at each look.
    if (!before.kept || before.why != job.why)
      page.parked_events.push_back(event_of(message, before, std::move(attempt)));
    page.parked.emplace_back(index, std::move(job));
    return;
  }
  job.kept = false;
  if (attempt.what == What::later) postpone(page, job, attempt);
  if (attempt.what == What::expanded && !has_room(page, attempt)) {
    attempt.what = What::failed;
    attempt.why = fmt::format("its alias makes more than {} recipients of the message",
                              queue::kJobsPerMessageMax);
    attempt.status = "5.2.4";  // RFC 3463 §3.3: mailing list expansion problem
  }
  const bool told_of_success = (job.notify & Notify::success) != 0 && !message.sender.null();
  std::optional<DsnAction> kind;
  switch (attempt.what) {
    case What::delivered:
      ++job.attempts;
      job.state = JobState::delivered;
      if (told_of_success) kind = DsnAction::delivered;
      break;
    case What::relayed:
      ++job.attempts;
      job.state = JobState::delivered;
      if (told_of_success && !attempt.dsn_passed) kind = DsnAction::relayed;
      break;
    case What::expanded:
      job.state = JobState::expanded;
      expand(page, index, job, attempt);
      if (told_of_success && attempt.expanded.size() > 1) kind = DsnAction::expanded;
      break;
    case What::failed:
      job.state = JobState::failed;
      if ((job.notify & Notify::failure) != 0 || message.sender.null()) kind = DsnAction::failed;
      break;
    case What::later:
    case What::kept: break;
  }
  if (job.state != JobState::waiting) job.why.clear();
  // A message without a sender is a report or an automatic answer: nobody waits for one more. An
  // administrator should see it, unless it was for them (wherever their alias led).
  const bool administrator = message.sender.null();
  if (kind && administrator && message.jobs.front().recipient == kAdministrator) {
    kind.reset();
    world_.log.write(rt::Level::error, "deliver: a report found nobody to read it",
                     {{"id", to_string(message.id)}, {"why", attempt.why}});
  }
  if (kind) {
    page.tell.push_back({*kind,
                         {.final = job.recipient,
                          .original = job.original,
                          .action = *kind,
                          .status = attempt.status.empty() ? "2.0.0" : attempt.status,
                          .remote_mta = mta_name(attempt.host),
                          .diagnostic = attempt.reply,
                          .why = attempt.why,
                          .last_attempt = world_.clock.wall()},
                         administrator});
  }
  if (attempt.in_doubt) {
    Attempt doubt = attempt;
    doubt.why =
        "the connection ended after the message and before the reply to it: the next "
        "attempt may bring a second copy";
    page.settled.events.push_back(event_of(message, before, std::move(doubt)));
    page.settled.events.back().outcome = Outcome::note;
  }
  page.settled.events.push_back(event_of(message, before, std::move(attempt)));
  page.settled.changed.emplace_back(index, std::move(job));
}

/// One report for each kind and reader.
Task<Result<Done>> Ledger::add_reports(std::shared_ptr<Page> page) {
  const Message& message = *page->message;
  for (const DsnAction kind : {DsnAction::failed, DsnAction::delayed, DsnAction::delivered,
                               DsnAction::relayed, DsnAction::expanded}) {
    std::vector<message::DsnRecipient> all;
    bool administrator = false;
    for (const Page::Tell& tell : page->tell) {
      if (tell.kind != kind) continue;
      all.push_back(tell.recipient);
      administrator |= tell.administrator;
    }
    const message::Address to = administrator ? kAdministrator : message.sender;
    for (std::size_t first = 0; first < all.size(); first += kReportRecipientsMax) {
      const auto from = all.begin() + static_cast<std::ptrdiff_t>(first);
      const std::size_t count = std::min(all.size() - first, kReportRecipientsMax);
      std::vector<message::DsnRecipient> some(from, from + static_cast<std::ptrdiff_t>(count));
      auto report = co_await reporter_.make(page->message, kind, to, std::move(some));
      if (!report) co_return std::unexpected(std::move(report).error());
      page->settled.events.push_back(
          {.at = world_.clock.wall(),
           .stage = Stage::bounce,
           .outcome = Outcome::done,
           .queue_id = to_string(message.id),
           .message_id = message.message_id,
           .sender = message::to_string(message.sender),
           .why = fmt::format("report {} ({}, {} recipient(s)) goes to {}",
                              to_string(report->first.id), message::to_string(kind), count,
                              administrator ? "the postmaster, since there is no sender"
                                            : message::to_string(to))});
      page->settled.reports.push_back(*std::move(report));
    }
  }
  co_return Done{};
}

Task<Result<Done>> Ledger::settle(std::shared_ptr<Page> page) {
  Result<Done> done = Done{};
  for (;;) {
    done = co_await queue_.settle(page->message->id, page->settled);
    if (done) co_return done;
    if (done.error().kind == Kind::over_limit) break;
    world_.log.error(
        "deliver: the outcome for " + to_string(page->message->id) + " could not be recorded",
        done.error());
    if (done.error().kind == Kind::refused || stopping_) break;
    // What was delivered must not be delivered again: the same outcome is written until it is.
    auto timer = world_.timers.timer(queue_.executor());
    auto slept = co_await timer->wait_until(world_.clock.now() + kUnrecordedWait);
    static_cast<void>(slept);
    if (stopping_) break;
  }
  for (const auto& [report, events] : page->settled.reports) queue_.abandon(report.id);
  co_return done;
}

/// Too much for one batch: by halves, and the last one differently.
Task<void> Ledger::record_in_parts(std::shared_ptr<const Message> message, Found found) {
  if (found.size() > 1) {
    const auto middle = found.begin() + static_cast<std::ptrdiff_t>(found.size() / 2);
    Found rest(middle, found.end());
    found.erase(middle, found.end());
    co_await record(message, std::move(found));
    co_await record(message, std::move(rest));
  } else if (found.front().second.what == Attempt::What::expanded) {
    found.front().second = {.what = Attempt::What::failed,
                            .why = "its alias leads to more than can be written down at once",
                            .status = "5.2.4"};
    co_await record(message, std::move(found));
  } else {
    queue_.give_back(message->id, {found.front().first}, options_.retry.longest);
  }
}

Task<void> Ledger::record(std::shared_ptr<const Message> message, Found found) {
  // As it is now: other recipients of it may have been settled, or expanded, since it was taken.
  message = queue_.find(message->id);
  if (!message) co_return;  // an administrator removed it
  auto page = page_of(message, found, true);
  if (!page->parked.empty())
    queue_.park(message->id, std::move(page->parked), std::move(page->parked_events));
  if (page->settled.changed.empty()) co_return;
  auto reported = co_await add_reports(page);
  if (!reported) {
    world_.log.error("deliver: a report about " + to_string(message->id) + " could not be made",
                     reported.error());
    for (const auto& [report, events] : page->settled.reports) queue_.abandon(report.id);
    // What failed fails again, and its sender is told then. What arrived must be written down; what
    // waits goes on without the notice.
    std::vector<std::uint32_t> again;
    for (const auto& [index, job] : page->settled.changed)
      if (job.state == JobState::failed) again.push_back(index);
    std::erase_if(found, [&](const auto& one) {
      return one.second.what == Attempt::What::kept ||
             std::ranges::find(again, one.first) != again.end();
    });
    queue_.give_back(message->id, again, options_.retry.first);
    if (found.empty()) co_return;
    page = page_of(message, found, false);
  }
  const auto done = co_await settle(page);
  if (!done && done.error().kind == Kind::over_limit)
    co_await record_in_parts(message, std::move(found));
}

std::shared_ptr<Ledger::Page> Ledger::page_of(const std::shared_ptr<const Message>& message,
                                              const Found& found, bool tell) {
  auto page = std::make_shared<Page>();
  page->message = message;
  page->telling = tell;
  for (const Job& job : message->jobs) page->known.insert(message::directory_key(job.recipient));
  for (const auto& [index, attempt] : found) note(*page, index, attempt);
  if (!tell) page->tell.clear();
  return page;
}

}  // namespace ph::deliver
