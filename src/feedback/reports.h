// Sends the aggregate reports that domains ask for: once a day, or when an administrator wants it.
// RFC 7489 §7.2, RFC 9990; docs/states/feedback.md.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/event.h"
#include "feedback/asker.h"
#include "feedback/collection.h"
#include "feedback/counts.h"
#include "feedback/port.h"
#include "feedback/report_message.h"
#include "feedback/shares.h"
#include "identity/keyring.h"
#include "queue/queue.h"
#include "queue/turn.h"
#include "rt/resolver.h"

namespace ph::feedback {

/// Days that are over are looked for so often: their reports leave within an hour of midnight UTC,
/// each server at another minute of it.
inline constexpr std::chrono::hours kReportsEvery{1};
inline constexpr std::chrono::minutes kReportsFirst{10};  // after the start
/// After midnight, until when others' counts of the day are in the store, and a clock that is set
/// back a little does not begin the day again.
inline constexpr std::chrono::minutes kDayEndsLater{1};
static_assert(kDayEndsLater >= 2 * kCountsWriteEvery);
/// What cannot be sent for so long after its day's end is given up.
inline constexpr std::chrono::hours kReportGiveUpAfter{48};
/// Reports whose destinations are asked at a time. One of them at a time is made, and is in memory.
inline constexpr std::size_t kReportGroupsAtOnceMax = 16;
/// A process that sends a report and died has it for so long, before another one may.
inline constexpr std::chrono::minutes kReportClaim{10};
/// Of one run that its caller is told; what became of others the journal knows.
inline constexpr std::size_t kSendingsToldMax = 10'000;
/// Reports and addresses of which it is known that their waiting was told: once, not each hour.
/// That of further ones is not told.
inline constexpr std::size_t kWaitingToldMax = 10'000;

struct ReportLimits {  // smaller in tests alone
  std::uint64_t organization_max = kOrganizationReportsMax;
  std::uint64_t destination_max = kDestinationReportsMax;
};

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
  Reports(ReportServices services, rt::Executor executor, ReportOptions options,
          ReportLimits limits = {});

  void start();
  /// Nothing more is sent: runs under way end as soon as the store lets them.
  void stop();
  /// stop(), and waits for that end.
  Task<void> finish();
  /// Sends what was collected on days that are over.
  ///   cancelled  stopped before it began
  Task<Result<std::vector<Sending>>> send_due();

  Task<Result<std::vector<Collected>>> collected(std::string domain, std::size_t max) override;
  Task<Result<std::vector<Sending>>> send_now(std::string domain) override;

 private:
  using Sendings = std::vector<Sending>;
  using Destinations = std::vector<mailauth::DmarcDestination>;
  using ReportPtr = std::shared_ptr<const mailauth::DmarcReport>;
  struct Round;  // what one run knows
  using RoundPtr = std::shared_ptr<Round>;
  // reports.cc: the run, day by day
  Task<void> run();
  Task<Result<Sendings>> send(std::string domain, bool today_too);
  Task<Result<std::optional<Reporter>>> reporter();
  Task<Result<bool>> send_day(RoundPtr round, std::uint32_t day);
  Task<Result<Done>> close_slot(RoundPtr round, std::uint32_t day, unsigned slot);
  Task<Result<Done>> close(RoundPtr round, Stored open);
  Task<Result<Done>> refuse_crowd(RoundPtr round, std::uint32_t day, unsigned slot);
  Task<Result<Done>> send_slot(RoundPtr round, std::uint32_t day, unsigned slot);
  void tell_shares(RoundPtr round);
  void tell_beyond(std::string organization, std::string why);
  // report_sending.cc: one report
  Task<void> work(RoundPtr round, Stored closed);
  Task<Result<bool>> send_group(RoundPtr round, Stored closed);
  Task<Result<bool>> send_to_all(RoundPtr round, Stored closed, Destinations all);
  Task<Result<Stored>> claim(Stored closed, bool sends);
  Task<Result<Sending>> send_to(RoundPtr round, Stored ours, ReportPtr report,
                                mailauth::DmarcDestination to);
  Task<Result<Sending>> write_to(RoundPtr round, ReportPtr report, mailauth::DmarcDestination to,
                                 Sending sending);
  Task<Result<std::string>> put_into_queue(RoundPtr round, ReportPtr report, message::Address to,
                                           queue::QueueId id, std::string octets);
  void tell(const Sending& sending) const;
  bool told_before(const Stored& closed, const std::string& uri);

  ReportServices services_;
  rt::Executor executor_;
  const ReportOptions options_;
  const ReportLimits limits_;
  Collection collection_;
  const mailauth::PublicSuffixes suffixes_;
  Asker asker_;
  DestinationShares destination_shares_;
  std::set<std::pair<std::uint32_t, std::string>> waiting_told_;  // of a day: key and URI
  std::string name_;      // of this process, among those that have this store
  queue::Turn turn_;      // one run at a time
  queue::Turn building_;  // of its reports, one at a time is made and put into the queue
  std::unique_ptr<rt::Timer> timer_, stopped_;
  bool stopping_ = false, running_ = false;
};

}  // namespace ph::feedback
