#include "feedback/reports.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "deliver/own_signatures.h"
#include "net/ask_all.h"

namespace ph::feedback {
namespace {

using What = Sending::What;
using May = mailauth::DmarcDestination::May;

constexpr std::size_t kEverything = store::Limits::partition_keys_soft;

/// Ends a turn also where a coroutine is left by a failure.
class Taken {
 public:
  explicit Taken(queue::Turn& turn) : turn_(turn) {}
  ~Taken() { turn_.leave(); }
  Taken(const Taken&) = delete;
  Taken& operator=(const Taken&) = delete;

 private:
  queue::Turn& turn_;
};

std::vector<std::string> uris_of(const Group& group) {
  const auto record = mailauth::parse_dmarc_record(group.record);
  return record ? record->aggregate_uris : std::vector<std::string>();
}

bool is_done(const Group& group, const std::string& uri) {
  return std::ranges::find(group.done, uri) != group.done.end();
}

}  // namespace

struct Reports::Round {
  std::string domain;  // the only one; "": all
  bool today_too = false;
  std::uint32_t today = 0;
  std::optional<Reporter> reporter;  // nullopt: nothing is sent, what is over is forgotten
  Sendings sent;
};

Reports::Reports(ReportServices services, rt::Executor executor, ReportOptions options)
    : services_(std::move(services)),
      executor_(std::move(executor)),
      options_(std::move(options)),
      collection_(services_.store),
      timer_(services_.world.timers.timer(executor_)),
      stopped_(services_.world.timers.timer(executor_)) {}

/// nullopt: reports are off.
Task<Result<std::optional<Reporter>>> Reports::reporter() {
  if (options_.on == false) co_return std::optional<Reporter>();
  PH_CO_TRY(const std::string own,
            co_await deliver::own_domain(services_.keys, services_.world, options_.hostname));
  if (own.empty() && !options_.on) co_return std::optional<Reporter>();
  Reporter reporter{.hostname = options_.hostname, .generator = options_.generator};
  const std::string& domain = own.empty() ? options_.hostname : own;
  reporter.contact = {"postmaster", domain};
  if (!options_.contact.empty()) {
    PH_CO_TRY(reporter.contact, message::parse_address(options_.contact));
  }
  reporter.organization =
      options_.organization.empty() ? reporter.contact.domain : options_.organization;
  co_return std::optional(std::move(reporter));
}

Task<Result<std::vector<Sending>>> Reports::send_due() {
  co_return co_await send(std::string(), false);
}

Task<Result<std::vector<Sending>>> Reports::send_now(std::string domain) {
  PH_CO_TRY(const auto as, co_await reporter());
  if (!as)
    co_return fail(Kind::refused,
                   "reports are off: [authentication] reports, or the host name lies below no "
                   "domain of ours");
  co_return co_await send(ascii_lower(domain), true);
}

Task<Result<Reports::Sendings>> Reports::send(std::string domain, bool today_too) {
  co_await turn_.take();
  const Taken taken(turn_);
  const auto round = std::make_shared<Round>();
  round->domain = std::move(domain);
  round->today_too = today_too;
  round->today = day_of(services_.world.clock.wall());
  PH_CO_TRY([[maybe_unused]] const Done written, co_await services_.counts.write());
  PH_CO_TRY(round->reporter, co_await reporter());
  PH_CO_TRY(const auto days, co_await collection_.days());
  for (const std::uint32_t day : days) {
    if (day > round->today || (day == round->today && !today_too)) continue;
    bool empty = true;
    for (unsigned slot = 0; slot < kFeedbackSlots && !stopping_; ++slot) {
      PH_CO_TRY(const bool gone, co_await send_slot(round, day, slot));
      empty = empty && gone;
    }
    if (stopping_ || !empty || day >= round->today) continue;
    PH_CO_TRY([[maybe_unused]] const Done gone, co_await collection_.forget_day(day));
  }
  co_return std::move(round->sent);
}

/// true: nothing is left there.
Task<Result<bool>> Reports::send_slot(RoundPtr round, std::uint32_t day, unsigned slot) {
  const auto ours = [&](const Stored& each) {
    return round->domain.empty() || each.group.domain == round->domain;
  };
  PH_CO_TRY(const auto open, co_await collection_.groups(day, slot, kEverything));
  if (open.empty() && day >= round->today) co_return true;
  for (const Stored& each : open) {
    const bool nothing = each.group.messages == 0 && each.group.omitted == 0;
    if (each.closed || !ours(each) || (day >= round->today && nothing)) continue;
    PH_CO_TRY([[maybe_unused]] const Done closed, co_await close(round, each));
  }
  PH_CO_TRY(const auto groups, co_await collection_.groups(day, slot, kEverything));
  bool left = false;
  for (const Stored& each : groups) {
    if (!each.closed || !ours(each) || stopping_) {
      left = true;
      continue;
    }
    PH_CO_TRY(const bool gone, co_await send_group(round, each));
    left = left || !gone;
  }
  if (left || day >= round->today) co_return !left;
  PH_CO_TRY([[maybe_unused]] const Done dropped, co_await collection_.drop_slot(day, slot));
  co_return true;
}

Task<Result<Done>> Reports::close(RoundPtr round, Stored open) {
  const bool goes_on = open.day >= round->today;
  const Wall day_end = Wall(std::chrono::days(open.day + 1)) - std::chrono::seconds(1);
  const Wall end = goes_on ? services_.world.clock.wall() : day_end;
  auto closed = co_await collection_.close(std::move(open), end, goes_on);
  // Counted meanwhile: the next run finds it.
  if (!closed && closed.error().kind == Kind::conflict) co_return Done{};
  co_return closed;
}

Task<Result<std::vector<mailauth::DmarcDestination>>> Reports::destinations(Group group) {
  mailauth::Lookups lookups;
  const mailauth::DmarcDestinations check(group.domain, uris_of(group), suffixes_);
  const rt::Instant deadline = services_.world.clock.now() + kDestinationsTime;
  for (;;) {
    auto found = check.run(lookups);
    if (found) co_return *std::move(found);
    auto questions = lookups.take_questions();
    const net::Answers answers =
        co_await net::ask_all(services_.resolver, std::move(questions), deadline);
    for (const auto& [question, answer] : answers) lookups.answer(question, answer);
  }
}

/// true: it is done with, and forgotten.
Task<Result<bool>> Reports::send_group(RoundPtr round, Stored closed) {
  const bool too_late =
      services_.world.clock.wall() - closed.group.end > Wall::duration(kReportGiveUpAfter);
  bool waits = false;
  if (round->reporter && closed.group.messages > 0) {
    PH_CO_TRY(auto rows, co_await collection_.rows(closed));
    const auto report = std::make_shared<const mailauth::DmarcReport>(
        make_report(closed.group, std::move(rows), *round->reporter));
    PH_CO_TRY(const auto all, co_await destinations(closed.group));
    for (const auto& to : all) {
      if (is_done(closed.group, to.uri)) continue;
      PH_CO_TRY(Sending sending, co_await send_to(round, report, to));
      if (sending.what == What::later && too_late) {
        sending.what = What::refused;
        sending.why += "; given up";
      }
      tell(sending);
      round->sent.push_back(sending);
      if (sending.what == What::later) {
        waits = true;
        continue;
      }
      closed.group.done.push_back(to.uri);
      PH_CO_TRY(closed, co_await collection_.mark(closed));
    }
  }
  if (waits) co_return false;
  PH_CO_TRY([[maybe_unused]] const Done gone, co_await collection_.forget(closed));
  co_return true;
}

Task<Result<Sending>> Reports::send_to(RoundPtr round,
                                       std::shared_ptr<const mailauth::DmarcReport> report,
                                       mailauth::DmarcDestination to) {
  Sending sending{.domain = report->policy.domain,
                  .to = to.to.address.null() ? to.uri : message::to_string(to.to.address),
                  .what = to.may == May::later ? What::later : What::refused,
                  .why = to.why};
  if (to.may != May::send) co_return sending;
  const auto id = services_.queue.reserve();
  if (!id) {
    sending.what = What::later;
    sending.why = id.error().what;
    co_return sending;
  }
  std::array<char, 12> stem;
  services_.world.random.fill(stem);
  std::string boundary = "report";
  for (const char c : stem) boundary += fmt::format("{:02x}", static_cast<unsigned char>(c));
  const Wall now = services_.world.clock.wall();
  auto written = format_report_message(*report, *round->reporter, to.to.address,
                                       fmt::format("{}@{}", to_string(*id), options_.hostname),
                                       std::move(boundary), now);
  if (!written) {
    services_.queue.abandon(*id);
    sending.why = fmt::format("no message can be written to it: {}", written.error().what);
    co_return sending;
  }
  const auto bare = std::make_shared<const std::string>(*std::move(written));
  std::string octets = co_await deliver::own_signatures(services_.keys, services_.world,
                                                        round->reporter->contact.domain, bare, now);
  octets += *bare;
  if (to.to.octets_max && octets.size() > *to.to.octets_max) {
    services_.queue.abandon(*id);
    sending.why = fmt::format("the report has {} octets, and {} are taken there", octets.size(),
                              *to.to.octets_max);
    co_return sending;
  }
  PH_CO_TRY(sending.queue_id,
            co_await put_into_queue(round, report, to.to.address, *id, std::move(octets)));
  sending.what = What::queued;
  co_return sending;
}

Task<Result<std::string>> Reports::put_into_queue(
    RoundPtr round, std::shared_ptr<const mailauth::DmarcReport> report, message::Address to,
    queue::QueueId id, std::string octets) {
  queue::Message message;
  message.id = id;
  message.sender = round->reporter->contact;
  message.accepted = services_.world.clock.wall();
  // Nobody is told when it cannot be delivered: RFC 3461 §4.1 NEVER.
  message.jobs.push_back({.recipient = to, .notify = 0, .next_attempt = message.accepted});
  message.octets = octets.size();
  message.message_id = fmt::format("{}@{}", to_string(id), options_.hostname);
  message.peer = "this server (DMARC report)";
  std::vector<Event> events;
  events.push_back(
      {.at = message.accepted,
       .stage = Stage::accept,
       .outcome = Outcome::done,
       .queue_id = to_string(id),
       .message_id = message.message_id,
       .sender = message::to_string(message.sender),
       .recipient = message::to_string(to),
       .peer = message.peer,
       .why = fmt::format("DMARC report for domain {}, {} rows, Report-ID {}",
                          report->policy.domain, report->rows.size(), report->report_id)});
  auto blob = services_.store.blob(octets.size());
  Result<Done> stored = Done{};
  if (blob) {
    message.blob = (*blob)->id();
    stored = co_await (*blob)->write(std::move(octets));
    if (stored) {
      const auto sealed = co_await (*blob)->seal(queue::MailQueue::holder(id));
      if (!sealed) stored = std::unexpected(sealed.error());
    }
  } else {
    stored = std::unexpected(blob.error());
  }
  if (!stored) {
    services_.queue.abandon(id);
    co_return std::unexpected(std::move(stored).error());
  }
  PH_CO_TRY([[maybe_unused]] const Done accepted,
            co_await services_.queue.accept(std::move(message), std::move(events)));
  co_return to_string(id);
}

void Reports::tell(const Sending& sending) const {
  if (sending.what == What::queued) {
    services_.world.log.write(
        rt::Level::info, "report.sent",
        {{"domain", sending.domain}, {"to", sending.to}, {"queue_id", sending.queue_id}});
    return;  // its acceptance is the event
  }
  const bool later = sending.what == What::later;
  services_.note(
      {.at = services_.world.clock.wall(),
       .stage = Stage::route,
       .outcome = later ? Outcome::deferred : Outcome::failed,
       .recipient = sending.to,
       .why = fmt::format("no DMARC report for domain {}: {}", sending.domain, sending.why)});
}

Task<Result<std::vector<Collected>>> Reports::collected(std::string domain, std::size_t max) {
  domain = ascii_lower(domain);
  PH_CO_TRY([[maybe_unused]] const Done written, co_await services_.counts.write());
  PH_CO_TRY(const auto days, co_await collection_.days());
  std::vector<Collected> out;
  for (const std::uint32_t day : days) {
    for (unsigned slot = 0; slot < kFeedbackSlots; ++slot) {
      PH_CO_TRY(const auto groups, co_await collection_.groups(day, slot, kEverything));
      for (const Stored& each : groups) {
        const Group& group = each.group;
        const bool nothing = !each.closed && group.messages == 0 && group.omitted == 0;
        if (nothing || out.size() >= max || (!domain.empty() && group.domain != domain)) continue;
        out.push_back({.domain = group.domain,
                       .begin = group.begin,
                       .end = each.closed ? group.end : services_.world.clock.wall(),
                       .waits = each.closed,
                       .messages = group.messages,
                       .rows = group.rows,
                       .omitted = group.omitted,
                       .uris = uris_of(group)});
      }
    }
  }
  std::ranges::sort(
      out, {}, [](const Collected& each) { return std::tuple(each.begin, each.domain, each.end); });
  co_return out;
}

void Reports::start() {
  running_ = true;
  rt::spawn(executor_, run());
}

Task<void> Reports::run() {
  std::chrono::nanoseconds wait = kReportsFirst;
  while (!stopping_) {
    const auto slept = co_await timer_->wait_until(services_.world.clock.now() + wait);
    if (!slept) break;
    const auto sent = co_await send_due();
    if (!sent) services_.world.log.error("reports: some wait to be sent", sent.error());
    wait = kReportsEvery;
  }
  running_ = false;
  stopped_->cancel();
}

Task<void> Reports::finish() {
  stopping_ = true;
  timer_->cancel();
  while (running_) {
    [[maybe_unused]] const auto woken =
        co_await stopped_->wait_until(services_.world.clock.now() + std::chrono::seconds(1));
  }
}

}  // namespace ph::feedback
