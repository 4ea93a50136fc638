// Writes down what attempts found: the job's next state, its event, and the reports to the sender
// that follow from it, all in one batch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "deliver/reports.h"
#include "queue/queue.h"
#include "queue/retry.h"

namespace ph::deliver {

/// The store did not take the outcome: asked again after this, until it does.
inline constexpr std::chrono::seconds kUnrecordedWait{15};
/// Words of ours, or of a peer's refusal, in one event.
inline constexpr std::size_t kEventReplyOctetsMax = 2048;

/// What an attempt found out about one recipient.
struct Attempt {
  enum class What : std::uint8_t {
    delivered,  // into a mailbox
    relayed,    // another server answers for it now
    expanded,   // `expanded` take its place
    later,      // not now
    failed,     // never: its sender is told
    kept,       // it waits for what is no failure (a route that says hold): nothing is counted
  };
  What what = What::later;
  Stage stage = Stage::route;
  std::string why;          // one sentence
  std::string status;       // RFC 3463 "5.1.1"; of later and failed
  std::string host;         // another server: "mx.b.test [192.0.2.1]:25"
  std::string reply;        // what it said, verbatim
  bool dsn_passed = false;  // relayed: it issues the reports from here on
  bool in_doubt = false;    // later: it may have taken the message all the same
  std::vector<message::Address> expanded;
};

struct LedgerOptions {
  queue::RetryTimes retry;
  std::chrono::seconds expire{5 * 24 * 3600};  // from acceptance; then it is given up
  std::chrono::seconds warn{4 * 3600};         // from acceptance; then the sender is told once
};

class Ledger {
 public:
  /// Runs on the queue's executor. All references outlive the ledger.
  Ledger(queue::MailQueue& queue, store::Store& store, rt::World& world, LedgerOptions options,
         ReportOptions reports);

  using Found = std::vector<std::pair<std::uint32_t, Attempt>>;  // index of the job
  /// Records the outcomes of jobs that were taken, and gives them back. Returns when it is durable,
  /// or when there is no point in trying (another process has the queue, stop() was called).
  Task<void> record(std::shared_ptr<const queue::Message> message, Found found);
  /// Outcomes that cannot be written are not tried again: the next start attempts their jobs anew.
  void stop() { stopping_ = true; }

 private:
  struct Page;
  std::shared_ptr<Page> page_of(const std::shared_ptr<const queue::Message>& message,
                                const Found& found, bool tell);
  void note(Page& page, std::uint32_t index, Attempt attempt);
  void postpone(Page& page, queue::Job& job, Attempt& attempt);
  static bool has_room(const Page& page, const Attempt& attempt);
  void expand(Page& page, std::uint32_t index, const queue::Job& job, const Attempt& attempt);
  Event event_of(const queue::Message& message, const queue::Job& job, Attempt attempt) const;
  Task<Result<Done>> add_reports(std::shared_ptr<Page> page);
  Task<Result<Done>> settle(std::shared_ptr<Page> page);
  Task<void> record_in_parts(std::shared_ptr<const queue::Message> message, Found found);

  queue::MailQueue& queue_;
  rt::World& world_;
  LedgerOptions options_;
  Reporter reporter_;
  bool stopping_ = false;
};

}  // namespace ph::deliver
