// A message in the queue: its envelope, where its body is, and one job per recipient.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "message/address.h"
#include "queue/queue_id.h"

namespace ph::queue {

/// Recipients in one row: 100 of them would not fit into a value of the store with all that a peer
/// may say.
inline constexpr std::size_t kJobsPerRow = 40;
/// Recipients of a message with all that its aliases expand to.
inline constexpr std::size_t kJobsPerMessageMax = 5000;
// What is kept of one job's texts; events have them at more length. kJobsPerRow jobs fit into a
// row.
inline constexpr std::size_t kJobReplyOctetsMax = 512;  // RFC 5321 §4.5.3.1.5: one whole reply line
inline constexpr std::size_t kJobWhyOctetsMax = 200;
inline constexpr std::size_t kJobHostOctetsMax = 120;
inline constexpr std::size_t kOriginalRecipientOctetsMax = 500;  // RFC 3461 §4.2

enum class JobState : std::uint8_t {
  waiting = 1,  // for its next attempt, or held
  delivered,    // into a mailbox, or another server answers for it
  expanded,     // replaced by other recipients (alias, moved address)
  failed,       // given up; its sender was told where one can be
  removed,      // by an administrator
};

/// What a sender wants to be told of, RFC 3461 §4.1.
struct Notify {
  static constexpr std::uint8_t success = 1, failure = 2, delay = 4;
  static constexpr std::uint8_t unsaid = 8;  // by default: not to be passed on to the next server
  static constexpr std::uint8_t usual = failure | delay | unsaid;
};

/// What is to be done for one recipient.
struct Job {
  message::Address recipient;
  JobState state = JobState::waiting;
  bool held = false;      // by an administrator: no attempt until it is released
  bool warned = false;    // its sender was told of the delay
  bool kept = false;      // by a route that says hold: looked at again at next_attempt
  bool released = false;  // by an administrator: no route holds it
  std::uint8_t notify = Notify::usual;
  std::uint32_t attempts = 0;
  /// The recipient (index in jobs) that this one was expanded from; kNoParent: from the envelope.
  std::uint32_t parent = kNoParent;
  Wall next_attempt{};
  std::string why;       // why it waits: one sentence
  std::string host;      // who said `reply`: "mx.b.test [192.0.2.1]:25"
  std::string reply;     // the last reply of another server, verbatim
  std::string original;  // RFC 3461 ORCPT: "rfc822;a@b.test", decoded; "" when none was given
  static constexpr std::uint32_t kNoParent = 0xffffffff;
  bool operator==(const Job&) const = default;
  /// An attempt may come.
  bool open() const { return state == JobState::waiting && !held; }
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
  bool eight_bit = false;                 // announced as 8BITMIME, or has octets over 127
  bool eight_bit_header = false;          // has them in its header
  bool smtputf8 = false;                  // came with SMTPUTF8
  bool return_full = false;               // RFC 3461 RET=FULL
  bool return_headers = false;            // RFC 3461 RET=HDRS; neither: RET was not said
  std::string envelope_id;                // RFC 3461 ENVID, decoded; "" when none was given
  std::vector<std::string> delivered_to;  // addresses in Delivered-To fields, as directory keys
  bool operator==(const Message&) const = default;
  bool settled() const;  // no job waits
};

/// The first instant at which an attempt is due; nullopt: none is (all is settled or held).
std::optional<Wall> next_attempt(const Message& message);

/// Record version 1, without jobs and id: that stands in the row's key (docs/formats/queue.md).
std::string format_message(const Message& message);
Result<Message> parse_message(std::string_view octets);
/// Jobs [first, first + kJobsPerRow) of a message, packed. Texts over their limit are cut.
std::string format_jobs(const std::vector<Job>& jobs, std::size_t first);
/// Appends to `jobs`.
Result<Done> parse_jobs(std::string_view octets, std::vector<Job>& jobs);

}  // namespace ph::queue
