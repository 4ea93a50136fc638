#include "deliver/reports.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "deliver/own_signatures.h"

namespace ph::deliver {

Task<Result<std::string>> Reporter::original_of(std::shared_ptr<const queue::Message> about,
                                                bool whole) {
  const std::uint64_t wanted =
      whole ? about->octets
            : std::min<std::uint64_t>(about->octets, message::kReturnedHeaderOctetsMax + 2);
  std::string original = about->added;
  std::uint64_t at = 0;
  while (at < wanted) {
    const auto octets = static_cast<std::size_t>(std::min<std::uint64_t>(wanted - at, 256 << 10));
    PH_CO_TRY(const std::string piece, co_await store_.read(about->blob, at, octets));
    if (piece.empty()) break;
    original += piece;
    at += piece.size();
  }
  if (!whole) original = message::returned_header(original);
  co_return original;
}

/// In the name of the domain of ours that our host name is, or lies below; "" without keys.
Task<std::string> Reporter::signatures(std::shared_ptr<const std::string> report, Wall now) {
  if (options_.keys == nullptr) co_return std::string();
  const auto domain = co_await own_domain(*options_.keys, world_, options_.hostname);
  if (!domain) {
    world_.log.error("deliver: a report goes out without a signature", domain.error());
    co_return std::string();
  }
  if (domain->empty()) co_return std::string();
  co_return co_await own_signatures(*options_.keys, world_, *domain, std::move(report), now);
}

Task<Result<Reporter::Report>> Reporter::make(std::shared_ptr<const queue::Message> about,
                                              message::DsnAction kind, message::Address to,
                                              std::vector<message::DsnRecipient> recipients) {
  message::Dsn dsn;
  dsn.kind = kind;
  dsn.reporting_mta = options_.hostname;
  dsn.to = to;
  dsn.from_address = "MAILER-DAEMON@" + options_.hostname;
  dsn.date = world_.clock.wall();
  dsn.envelope_id = about->envelope_id;
  dsn.queue_id = to_string(about->id);
  dsn.arrival = about->accepted;
  dsn.recipients = std::move(recipients);
  dsn.original_message_id = about->message_id;
  dsn.whole_message = about->return_full && kind == message::DsnAction::failed &&
                      about->octets <= kReturnedMessageOctetsMax;
  auto original = co_await original_of(about, dsn.whole_message);
  if (original) {
    dsn.original = *std::move(original);
  } else {  // a report without it is better than none
    world_.log.error("deliver: the message could not be read for a report: " + dsn.queue_id,
                     original.error());
    dsn.whole_message = false;
  }
  std::array<char, 12> stem;
  world_.random.fill(stem);
  dsn.boundary = "report";
  for (const char c : stem) dsn.boundary += fmt::format("{:02x}", static_cast<unsigned char>(c));

  PH_CO_TRY(const queue::QueueId id, queue_.reserve(true));
  dsn.message_id = fmt::format("{}@{}", to_string(id), options_.hostname);
  const auto written = std::make_shared<const std::string>(message::format_dsn(dsn));
  std::string octets = co_await signatures(written, dsn.date);
  octets += *written;

  queue::Message report;
  report.id = id;
  report.jobs.push_back({.recipient = to, .notify = 0, .next_attempt = dsn.date});
  report.octets = octets.size();
  report.message_id = dsn.message_id;
  report.peer = "this server (report)";
  report.accepted = dsn.date;
  report.smtputf8 = message::needs_smtputf8(dsn);
  report.eight_bit = report.eight_bit_header = report.smtputf8;
  auto blob = store_.blob(octets.size());
  Result<Done> stored = Done{};
  if (!blob) {
    stored = std::unexpected(blob.error());
  } else {
    report.blob = (*blob)->id();
    stored = co_await (*blob)->write(std::move(octets));
    if (stored) {
      auto sealed = co_await (*blob)->seal(queue_.report_holder(about->id, id));
      if (!sealed) stored = std::unexpected(sealed.error());
    }
  }
  if (!stored) {
    queue_.abandon(id);
    co_return std::unexpected(std::move(stored).error());
  }
  std::vector<Event> events;
  events.push_back(
      {.at = dsn.date,
       .stage = Stage::accept,
       .outcome = Outcome::done,
       .queue_id = to_string(id),
       .message_id = report.message_id,
       .recipient = message::to_string(to),
       .peer = report.peer,
       .why = fmt::format("report ({}) about {}", message::to_string(kind), to_string(about->id))});
  co_return Report{std::move(report), std::move(events)};
}

}  // namespace ph::deliver
