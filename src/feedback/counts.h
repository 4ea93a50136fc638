// Counts mail for the reports that domains ask for: in memory while it arrives, in the store soon
// after. docs/states/feedback.md, docs/adr/0009.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "feedback/rows.h"
#include "feedback/shares.h"
#include "mailauth/dmarc_finding.h"
#include "queue/turn.h"
#include "rt/world.h"
#include "store/store.h"

namespace ph::feedback {

/// What a crash loses of the counts, at most.
inline constexpr std::chrono::seconds kCountsWriteEvery{30};
/// Different rows that wait to be written; further ones are counted as omitted.
inline constexpr std::size_t kPendingRowsMax = 20'000;
/// Reports that wait to be written; messages for further ones are not counted.
inline constexpr std::size_t kPendingGroupsMax = 5'000;
/// Rows of one report.
inline constexpr std::uint64_t kGroupRowsMax = 10'000;
/// Of one day and one of 16 slots: a partition's 100,000 keys.
inline constexpr std::uint64_t kSlotRowsMax = 60'000;
inline constexpr std::uint64_t kSlotGroupsMax = 5'000;
/// Rows that are written at once.
inline constexpr std::size_t kCountsBatchRowsMax = 80;
/// Another process wrote between our reading and our writing: read again, so often.
inline constexpr int kCountsTriesMax = 5;

struct CountLimits {  // smaller in tests alone
  std::size_t pending_rows_max = kPendingRowsMax;
  std::uint64_t group_rows_max = kGroupRowsMax;
  std::uint64_t slot_rows_max = kSlotRowsMax;
  std::uint64_t slot_groups_max = kSlotGroupsMax;
  std::uint64_t organization_max = kOrganizationReportsMax;
};

class Counts {
 public:
  /// References outlive it.
  Counts(store::Store& store, rt::World& world, rt::Executor executor, CountLimits limits = {});

  /// One message more. Any thread; never waits and never fails: what has no room is counted as
  /// omitted, or not at all.
  void count(const mailauth::DmarcFinding& finding);
  /// Writes what waits, on the executor. Calls follow each other: what was counted before is in the
  /// store when one ends, whoever wrote it. On failure what was not written waits on.
  Task<Result<Done>> write();

  /// Writes from time to time.
  void start();
  /// Writes once more.
  Task<void> finish();

 private:
  struct GroupName {
    std::uint32_t day = 0;
    std::string domain, record;
    auto operator<=>(const GroupName&) const = default;
  };
  struct Pending {
    std::map<std::string, std::uint64_t> rows;  // packed, without count
    std::uint64_t omitted = 0;
  };
  using PendingMap = std::map<GroupName, Pending>;

  Task<void> run();
  Task<Result<Done>> write_all();
  void tell_uncounted(std::uint64_t messages, std::string domain);
  bool has_room(const GroupName& name);
  void add(GroupName name, const Pending& more);
  Task<Result<Done>> know_day(std::uint32_t day);
  Task<Result<Done>> write_group(GroupName name, std::shared_ptr<Pending> left);
  Task<Result<Done>> write_some(GroupName name, std::shared_ptr<const Pending> some);
  Task<Result<Done>> try_write(GroupName name, std::shared_ptr<const Pending> some);

  store::Store& store_;
  rt::World& world_;
  rt::Executor executor_;
  const CountLimits limits_;
  std::unique_ptr<rt::Timer> timer_, stopped_;
  bool stopping_ = false, running_ = false;
  const mailauth::PublicSuffixes suffixes_;
  queue::Turn turn_;              // one write at a time
  std::set<std::uint32_t> days_;  // that the store knows of

  std::mutex mutex_;  // guards what follows; never held across co_await
  Admissions admissions_;
  PendingMap pending_;
  std::size_t pending_rows_ = 0;
  std::uint64_t uncounted_ = 0;
  std::string uncounted_domain_;  // one of them
};

}  // namespace ph::feedback
