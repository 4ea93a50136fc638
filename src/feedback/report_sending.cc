// One report: whether those it is for want it, whether this process sends it, and its way into the
// queue. docs/states/feedback.md, rows 5 to 8.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "codec/idna.h"
#include "deliver/own_signatures.h"
#include "feedback/report_round.h"

namespace ph::feedback {
namespace {

using What = Sending::What;
using Destination = mailauth::DmarcDestination;
using May = Destination::May;

bool is_done(const Group& group, const std::string& uri) {
  return std::ranges::find(group.done, uri) != group.done.end();
}

}  // namespace

/// In a lane of its own.
Task<void> Reports::work(RoundPtr round, Stored closed) {
  const unsigned slot = closed.slot;
  auto gone = co_await send_group(round, std::move(closed));
  round->left[slot] = round->left[slot] || !gone || !*gone;
  if (!gone && !round->failure) round->failure = std::move(gone).error();
  round->lanes.leave();
}

/// true: it is done with, and forgotten.
Task<Result<bool>> Reports::send_group(RoundPtr round, Stored closed) {
  bool waits = false;
  if (round->reporter && closed.group.messages > 0) {
    auto all = co_await asker_.destinations(closed.group.domain, uris_of(closed.group));
    if (!all && all.error().kind == Kind::cancelled) co_return false;
    if (!all) co_return std::unexpected(std::move(all).error());
    // Up to 10,000 rows, and the text of the report: of one at a time.
    co_await building_.take();
    const queue::Taken building(building_);
    const auto sent = co_await send_to_all(round, closed, *std::move(all));
    if (!sent && sent.error().kind == Kind::conflict) co_return false;
    PH_CO_TRY(waits, sent);
  }
  if (waits) co_return false;
  PH_CO_TRY([[maybe_unused]] const Done gone, co_await collection_.forget(std::move(closed)));
  co_return true;
}

/// Where nothing is to be sent, nothing is written.  conflict: another process has it
Task<Result<Stored>> Reports::claim(Stored closed, bool sends) {
  const Wall now = services_.world.clock.wall();
  Group& group = closed.group;
  // A claim that lasts longer than any was made before somebody set the clock back.
  const bool lasts = group.claimed_until > now && group.claimed_until <= now + kReportClaim;
  if (lasts && group.claimant != name_)
    co_return fail(Kind::conflict, "another process sends this report");
  if (!sends) co_return closed;
  group.claimant = name_;
  group.claimed_until = now + kReportClaim;
  co_return co_await collection_.mark(std::move(closed));
}

/// true: something of it stays to be sent.  conflict: another process sends it
Task<Result<bool>> Reports::send_to_all(RoundPtr round, Stored closed, Destinations all) {
  std::erase_if(all, [&](const auto& to) { return is_done(closed.group, to.uri); });
  if (all.empty()) co_return false;
  const bool sends = std::ranges::find(all, May::send, &Destination::may) != all.end();
  PH_CO_TRY(Stored ours, co_await claim(std::move(closed), sends));
  std::vector<mailauth::DmarcReport::Row> rows;
  if (sends) {
    PH_CO_TRY(rows, co_await collection_.rows(ours));
  }
  const auto report = std::make_shared<const mailauth::DmarcReport>(
      make_report(ours.group, std::move(rows), *round->reporter));
  bool waits = false;
  for (const auto& to : all) {
    waits = waits || stopping_;
    if (stopping_) break;
    PH_CO_TRY(Sending sending, co_await send_to(round, ours, report, to));
    const bool later = sending.what == What::later;
    round->add(std::move(sending));
    waits = waits || later;
    if (later) continue;
    ours.group.done.push_back(to.uri);
    PH_CO_TRY(ours, co_await collection_.mark(ours));
  }
  if (!waits || !sends) co_return waits;
  // For whoever comes first, also a process that begins where this one ended.
  ours.group.claimant.clear();
  ours.group.claimed_until = {};
  PH_CO_TRY(ours, co_await collection_.mark(ours));
  co_return true;
}

/// Within the share of whoever has the address; what is beyond it is told in one sum.
Task<Result<Sending>> Reports::send_to(RoundPtr round, Stored ours, ReportPtr report,
                                       mailauth::DmarcDestination to) {
  Sending sending{.domain = ours.group.domain,
                  .to = to.to.address.null() ? to.uri : message::to_string(to.to.address),
                  .what = to.may == May::later ? What::later : What::refused,
                  .why = to.why};
  if (to.may == May::send) {
    const std::string& host = to.to.address.domain;
    const std::string organization =
        organization_of(suffixes_, codec::to_ascii_domain(host).value_or(host));
    if (!destination_shares_.take(ours.day, organization)) {
      sending.why = fmt::format("{} has its share of this day's reports, {}", organization,
                                limits_.destination_max);
      co_return sending;
    }
    auto written = co_await write_to(round, report, to, std::move(sending));
    const bool queued = written && written->what == What::queued;
    if (!queued) destination_shares_.give_back(ours.day, organization);
    PH_CO_TRY(sending, std::move(written));
  }
  const Wall::duration waited = services_.world.clock.wall() - ours.group.end;
  if (sending.what == What::later && waited > Wall::duration(kReportGiveUpAfter)) {
    sending.what = What::refused;
    sending.why += "; given up";
  }
  if (sending.what != What::later || !told_before(ours, to.uri)) tell(sending);
  co_return sending;
}

bool Reports::told_before(const Stored& closed, const std::string& uri) {
  if (waiting_told_.size() >= kWaitingToldMax) return true;
  return !waiting_told_.emplace(closed.day, closed.key + " " + uri).second;
}

Task<Result<Sending>> Reports::write_to(RoundPtr round, ReportPtr report,
                                        mailauth::DmarcDestination to, Sending sending) {
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

Task<Result<std::string>> Reports::put_into_queue(RoundPtr round, ReportPtr report,
                                                  message::Address to, queue::QueueId id,
                                                  std::string octets) {
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

}  // namespace ph::feedback
