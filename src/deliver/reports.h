// Reports to a message's sender (delivery status notifications): made here, sealed in the store,
// put into the queue by whoever settles the cause.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "identity/keyring.h"
#include "message/dsn.h"
#include "queue/queue.h"

namespace ph::deliver {

/// A message is returned whole (RET=FULL) up to this; of a larger one its header (RFC 3461 §4.3
/// leaves that to us).
inline constexpr std::uint64_t kReturnedMessageOctetsMax = 1 << 20;
/// Recipients in one report. A message with more of them gets several.
inline constexpr std::size_t kReportRecipientsMax = 500;

struct ReportOptions {
  std::string hostname;
  identity::Keyring* keys = nullptr;  // none: reports are not signed
};

class Reporter {
 public:
  Reporter(queue::MailQueue& queue, store::Store& store, rt::World& world, ReportOptions options)
      : queue_(queue), store_(store), world_(world), options_(std::move(options)) {}

  using Report = std::pair<queue::Message, std::vector<Event>>;
  /// A report about `about`, of which jobs are taken. Its body is sealed; its id is reserved and
  /// the caller's (MailQueue::settle or abandon).
  ///   to  whom: the sender, or the bare <postmaster> where there is none to tell
  Task<Result<Report>> make(std::shared_ptr<const queue::Message> about, message::DsnAction kind,
                            message::Address to, std::vector<message::DsnRecipient> recipients);

 private:
  Task<Result<std::string>> original_of(std::shared_ptr<const queue::Message> about, bool whole);

  Task<std::string> signatures(std::shared_ptr<const std::string> report, Wall now);

  queue::MailQueue& queue_;
  store::Store& store_;
  rt::World& world_;
  ReportOptions options_;
};

}  // namespace ph::deliver
