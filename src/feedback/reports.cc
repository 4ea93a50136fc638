#include "feedback/reports.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "codec/base32.h"
#include "deliver/own_signatures.h"
#include "feedback/report_round.h"

namespace ph::feedback {
namespace {

using What = Sending::What;

constexpr std::size_t kEverything = store::Limits::partition_keys_soft;

}  // namespace

Reports::Reports(ReportServices services, rt::Executor executor, ReportOptions options,
                 ReportLimits limits)
    : services_(std::move(services)),
      executor_(std::move(executor)),
      options_(std::move(options)),
      limits_(limits),
      collection_(services_.store),
      asker_(services_.resolver, services_.world, suffixes_),
      destination_shares_(limits.destination_max),
      timer_(services_.world.timers.timer(executor_)),
      stopped_(services_.world.timers.timer(executor_)) {
  std::array<char, 10> octets;
  services_.world.random.fill(octets);
  name_ = codec::encode_base32(std::string_view(octets.data(), octets.size()));
}

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
  const queue::Taken taken(turn_);
  if (stopping_) co_return fail(Kind::cancelled, "the server stops: no reports are sent");
  const auto round = std::make_shared<Round>();  // of this run and the coroutines of its reports
  round->domain = std::move(domain);
  round->today_too = today_too;
  const Wall now = services_.world.clock.wall();
  round->today = day_of(today_too ? now : now - kDayEndsLater);
  asker_.begin();
  PH_CO_TRY([[maybe_unused]] const Done written, co_await services_.counts.write());
  PH_CO_TRY(round->reporter, co_await reporter());
  PH_CO_TRY(const auto days, co_await collection_.days());
  const std::uint32_t first = days.empty() ? round->today : days.front();
  destination_shares_.forget_before(first);
  waiting_told_.erase(waiting_told_.begin(), waiting_told_.lower_bound({first, std::string()}));
  for (const std::uint32_t day : days) {
    if (day > round->today || (day == round->today && !today_too)) continue;
    PH_CO_TRY(const bool empty, co_await send_day(round, day));
    if (stopping_) break;
    if (!empty || day >= round->today) continue;
    PH_CO_TRY([[maybe_unused]] const Done gone, co_await collection_.forget_day(day));
  }
  co_return std::move(round->sent);
}

/// true: nothing is left of it. What is beyond the shares is forgotten before anything is sent: a
/// run that goes on where this one ended finds no more than them.
Task<Result<bool>> Reports::send_day(RoundPtr round, std::uint32_t day) {
  round->shares = OrganizationShares(limits_.organization_max);
  round->left.fill(false);
  for (unsigned slot = 0; slot < kFeedbackSlots && !stopping_; ++slot) {
    PH_CO_TRY([[maybe_unused]] const Done closed, co_await close_slot(round, day, slot));
  }
  const unsigned crowded = round->reporter && round->shares.crowded() ? kFeedbackSlots : 0;
  for (unsigned slot = 0; slot < crowded && !stopping_; ++slot) {
    PH_CO_TRY([[maybe_unused]] const Done refused, co_await refuse_crowd(round, day, slot));
  }
  Result<Done> sent = Done{};
  for (unsigned slot = 0; slot < kFeedbackSlots && sent && !stopping_; ++slot)
    sent = co_await send_slot(round, day, slot);
  co_await round->lanes.emptied();
  tell_shares(round);
  if (sent && round->failure) sent = std::unexpected(*round->failure);
  if (!sent) co_return std::unexpected(std::move(sent).error());
  if (stopping_ || day >= round->today) co_return false;
  for (unsigned slot = 0; slot < kFeedbackSlots; ++slot) {
    if (round->left[slot]) continue;
    PH_CO_TRY([[maybe_unused]] const Done dropped, co_await collection_.drop_slot(day, slot));
  }
  co_return std::ranges::find(round->left, true) == round->left.end();
}

Task<Result<Done>> Reports::close_slot(RoundPtr round, std::uint32_t day, unsigned slot) {
  PH_CO_TRY(const auto groups, co_await collection_.groups(day, slot, kEverything));
  for (const Stored& each : groups) {
    const bool nothing = each.group.messages == 0 && each.group.omitted == 0;
    if (!round->wants(each.group) || (!each.closed && day >= round->today && nothing)) continue;
    const std::string organization = organization_of(suffixes_, each.group.domain);
    round->shares.count(organization, organization == each.group.domain);
    if (each.closed) continue;
    PH_CO_TRY([[maybe_unused]] const Done closed, co_await close(round, each));
  }
  co_return Done{};
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

/// Forgets what is beyond the share of its organization.
Task<Result<Done>> Reports::refuse_crowd(RoundPtr round, std::uint32_t day, unsigned slot) {
  PH_CO_TRY(auto groups, co_await collection_.groups(day, slot, kEverything));
  for (Stored& each : groups) {
    if (!each.closed || !round->wants(each.group)) continue;
    const std::string organization = organization_of(suffixes_, each.group.domain);
    const std::uint64_t messages = each.group.messages + each.group.omitted;
    if (round->shares.admit(organization, organization == each.group.domain, messages)) continue;
    PH_CO_TRY([[maybe_unused]] const Done gone, co_await collection_.forget(std::move(each)));
  }
  co_return Done{};
}

/// Begins each report of it in a lane; those of the slots before may still be under way.
Task<Result<Done>> Reports::send_slot(RoundPtr round, std::uint32_t day, unsigned slot) {
  PH_CO_TRY(auto groups, co_await collection_.groups(day, slot, kEverything));
  for (Stored& each : groups) {
    if (!each.closed || !round->wants(each.group)) {
      round->left[slot] = true;
      continue;
    }
    co_await round->lanes.enter();
    if (stopping_ || round->failure) {
      round->lanes.leave();
      break;
    }
    rt::spawn(executor_, work(round, std::move(each)));
  }
  co_return Done{};
}

/// One event for each organization.
void Reports::tell_shares(RoundPtr round) {
  for (const auto& each : round->shares.refused())
    tell_beyond(
        each.organization,
        fmt::format("no DMARC reports for {} domains (or other texts of their records), {} "
                    "messages: {} may have {} a day",
                    each.reports, each.messages, each.organization, limits_.organization_max));
  for (const auto& [organization, reports] : destination_shares_.take_refused())
    tell_beyond(organization, fmt::format("{} DMARC reports are not sent to {}: {} a day go there",
                                          reports, organization, limits_.destination_max));
}

void Reports::tell_beyond(std::string organization, std::string why) {
  services_.world.log.write(rt::Level::warning, "report.share",
                            {{"organization", organization}, {"why", why}});
  services_.note({.at = services_.world.clock.wall(),
                  .stage = Stage::route,
                  .outcome = Outcome::failed,
                  .recipient = std::move(organization),
                  .why = std::move(why)});
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
    if (!sent && !stopping_)
      services_.world.log.error("reports: some wait to be sent", sent.error());
    wait = kReportsEvery;
  }
  running_ = false;
  stopped_->cancel();
}

void Reports::stop() {
  stopping_ = true;
  timer_->cancel();
  asker_.stop();
}

Task<void> Reports::finish() {
  stop();
  while (running_) {
    [[maybe_unused]] const auto woken =
        co_await stopped_->wait_until(services_.world.clock.now() + std::chrono::seconds(1));
  }
  co_await turn_.take();  // an order may be under way
  turn_.leave();
}

}  // namespace ph::feedback
