// Sends the aggregate reports that domains ask for: once a day, or when an administrator wants it.
// RFC 7489 §7.2, RFC 9990; docs/states/feedback.md.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event.h"
#include "feedback/collection.h"
#include "feedback/counts.h"
#include "feedback/port.h"
#include "feedback/report_message.h"
#include "identity/keyring.h"
#include "mailauth/dmarc_destinations.h"
#include "queue/queue.h"
#include "queue/turn.h"
#include "rt/resolver.h"

namespace ph::feedback {

/// Days that are over are looked for so often: their reports leave within an hour of midnight UTC,
/// each server at another minute of it.
inline constexpr std::chrono::hours kReportsEvery{1};
inline constexpr std::chrono::minutes kReportsFirst{10};  // after the start
/// What cannot be sent for so long after its day's end is given up.
inline constexpr std::chrono::hours kReportGiveUpAfter{48};
/// For the questions about the destinations of one report.
inline constexpr std::chrono::seconds kDestinationsTime{20};

struct ReportOptions {
  std::string hostname;
  /// nullopt: reports are sent when the host name is, or lies below, a domain of ours with keys:
  /// then they are signed, and postmaster@ that domain reads what is answered.
  std::optional<bool> on;
  std::string organization;  // "": the domain of the contact
  std::string contact;       // an address; "": postmaster@ that domain
  std::string generator;
};

/// All of it outlives the reports.
struct ReportServices {
  store::Store& store;
  queue::MailQueue& queue;
  rt::Resolver& resolver;
  rt::World& world;
  identity::Keyring& keys;
  Counts& counts;
  std::function<void(Event)> note;
};

/// All calls on one executor.
class Reports final : public ReportDesk {
 public:
  Reports(ReportServices services, rt::Executor executor, ReportOptions options);

  void start();
  Task<void> finish();
  /// Sends what was collected on days that are over.
  Task<Result<std::vector<Sending>>> send_due();

  Task<Result<std::vector<Collected>>> collected(std::string domain, std::size_t max) override;
  Task<Result<std::vector<Sending>>> send_now(std::string domain) override;

 private:
  using Sendings = std::vector<Sending>;
  struct Round;  // what one run knows
  using RoundPtr = std::shared_ptr<Round>;
  Task<void> run();
  Task<Result<Sendings>> send(std::string domain, bool today_too);
  Task<Result<std::optional<Reporter>>> reporter();
  Task<Result<bool>> send_slot(RoundPtr round, std::uint32_t day, unsigned slot);
  Task<Result<Done>> close(RoundPtr round, Stored open);
  Task<Result<bool>> send_group(RoundPtr round, Stored closed);
  Task<Result<std::vector<mailauth::DmarcDestination>>> destinations(Group group);
  Task<Result<Sending>> send_to(RoundPtr round, std::shared_ptr<const mailauth::DmarcReport> report,
                                mailauth::DmarcDestination to);
  Task<Result<std::string>> put_into_queue(RoundPtr round,
                                           std::shared_ptr<const mailauth::DmarcReport> report,
                                           message::Address to, queue::QueueId id,
                                           std::string octets);
  void tell(const Sending& sending) const;

  ReportServices services_;
  rt::Executor executor_;
  const ReportOptions options_;
  Collection collection_;
  const mailauth::PublicSuffixes suffixes_;
  queue::Turn turn_;  // one run at a time
  std::unique_ptr<rt::Timer> timer_, stopped_;
  bool stopping_ = false, running_ = false;
};

}  // namespace ph::feedback
