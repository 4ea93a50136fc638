// The door to the queue for those who look at it: administration, `posthouse queue`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "rt/world.h"

namespace ph::queue {

/// One recipient of one queued message.
struct JobInfo {
  std::string queue_id;
  std::string sender, recipient;  // as text, without <>
  std::string
      state;  // waiting, held, attempting; of show() also: delivered, expanded, failed, removed
  std::uint64_t octets = 0;
  Wall accepted{}, next_attempt{};
  std::uint32_t attempts = 0;
  std::string why;    // why it waits; "" when it was not tried yet or is being delivered now
  std::string host;   // who said `reply`
  std::string reply;  // the last reply of another server, verbatim
};

/// Which recipients an order is about: those that fit all that is given. Nothing given: none,
/// unless `all`.
struct Select {
  bool all = false;
  std::string queue_id;
  std::string sender;     // "a@b.test", any case; "<>": the null sender
  std::string recipient;  // "a@b.test", any case
  std::string domain;     // of the recipient, any case
};

/// What an order did.
struct Changed {
  std::size_t recipients = 0;  // changed
  std::size_t attempting = 0;  // fit, but an attempt has them now: left alone
  std::size_t unchanged = 0;   // fit, but there was nothing to change
};

struct DestinationInfo {
  std::string domain;
  std::size_t recipients = 0;
  Wall oldest{};
};

struct Stats {
  std::size_t messages = 0, recipients = 0, deferred = 0, held = 0, attempting = 0;
  std::uint64_t octets = 0;
  std::optional<Wall> oldest_accepted, next_attempt;
  std::vector<DestinationInfo> destinations;  // most recipients first, at most kDestinationsShown
};
inline constexpr std::size_t kDestinationsShown = 20;
/// Domains that are told apart; recipients in others count in the sums alone.
inline constexpr std::size_t kDestinationsCountedMax = 200000;

class Queue {
 public:
  virtual ~Queue() = default;
  /// Recipients that wait, sorted by queue id: the first `max`. What is on the disk is read a page
  /// at a time.
  virtual Task<Result<std::vector<JobInfo>>> list(Select which, std::size_t max,
                                                  rt::Instant deadline) = 0;
  /// Every recipient of one message, settled ones too. not_found: it is not in the queue.
  virtual Task<Result<std::vector<JobInfo>>> show(std::string queue_id, rt::Instant deadline) = 0;
  virtual Task<Result<Stats>> stats(rt::Instant deadline) = 0;
  // Orders. All are durable when they return, and each has an event.
  /// No attempt until release().
  virtual Task<Result<Changed>> hold(Select which) = 0;
  /// What hold() or a route keeps is due now; no route holds it any more.
  virtual Task<Result<Changed>> release(Select which) = 0;
  /// Due now. What is held stays held.
  virtual Task<Result<Changed>> retry(Select which) = 0;
  /// Gone for good; nobody is told but the journal.
  virtual Task<Result<Changed>> remove(Select which) = 0;
};

}  // namespace ph::queue
