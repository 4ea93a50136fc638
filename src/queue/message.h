// A message in the queue: its envelope, where its body is, and one job per recipient.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "message/address.h"
#include "queue/queue_id.h"

namespace ph::queue {

inline constexpr std::size_t kJobsPerRow = 100;
/// Recipients of a message with all that its aliases expand to.
inline constexpr std::size_t kJobsPerMessageMax = 5000;

enum class JobState : std::uint8_t {
  waiting = 1,  // for its next attempt
  delivered,
  expanded,  // replaced by other recipients (alias, moved address)
};

/// What is to be done for one recipient.
struct Job {
  message::Address recipient;
  JobState state = JobState::waiting;
  std::uint32_t attempts = 0;
  /// The recipient (index in jobs) that this one was expanded from; kNoParent: from the envelope.
  std::uint32_t parent = kNoParent;
  Wall next_attempt{};
  std::string why;  // why it waits: one sentence
  static constexpr std::uint32_t kNoParent = 0xffffffff;
  bool operator==(const Job&) const = default;
};

struct Message {
  QueueId id;
  message::Address sender;
  std::vector<Job> jobs;
  std::string blob;  // store::BlobId of the message as received
  std::uint64_t octets = 0;
  std::string added;  // header fields that intake adds: Received, on submission Date, Message-ID
  std::string message_id;  // without <>
  std::string peer;        // who brought it, for events
  Wall accepted{};
  bool eight_bit = false, smtputf8 = false;
  bool operator==(const Message&) const = default;
  bool settled() const;  // no job waits
};

/// Record version 1, without jobs; of the id only the day, the rest is in the row's place
/// (docs/formats/queue.md).
std::string format_message(const Message& message);
Result<Message> parse_message(std::string_view octets);
/// Jobs [first, first + kJobsPerRow) of a message, packed.
std::string format_jobs(const std::vector<Job>& jobs, std::size_t first);
/// Appends to `jobs`.
Result<Done> parse_jobs(std::string_view octets, std::vector<Job>& jobs);

}  // namespace ph::queue
