// The queue's inner types, shared by its source files; nobody outside includes this.
#pragma once

#include <map>

#include "queue/queue.h"

namespace ph::queue {

/// One partition of fresh messages. Shared: by the queue's maps and the coroutines that work in it.
struct MailQueue::Generation {
  std::uint8_t lane = 0;
  std::uint32_t number = 0;
  store::Partition partition;
  store::Version epoch{};  // of the row "!epoch": every batch checks it
  std::uint32_t next_seq = 0;
  std::size_t live = 0;              // messages not settled, and ids reserved but not accepted yet
  bool open = true;                  // takes new messages
  bool retiring = false;             // one retirement at a time
  std::uint64_t retired_groups = 0;  // numbers the origins in the journal
  std::map<std::string, std::size_t> unretired;  // event rows of settled messages, their octets
};

struct EventRow {
  std::string key;
  std::size_t octets = 0;
};

/// A queued message and where it stands. `busy`: an attempt has it.
struct MailQueue::Entry {
  std::shared_ptr<const Message> message;
  std::shared_ptr<Generation> generation;
  std::vector<EventRow> event_rows;
  bool busy = false;
};

inline constexpr char kEpochKey[] = "!epoch";
inline constexpr char kRetireKey[] = "!retire";
inline constexpr char kRetiredKey[] = "!retired";

store::Partition catalogue_partition();
store::Partition generation_partition(std::uint8_t lane, std::uint32_t number);
std::string jobs_key(std::uint32_t seq, std::size_t row);
std::string event_key(std::uint32_t seq, std::size_t row);
/// The seq in the key of a message, job or event row ("m/00000007", "e/00000007/0001").
std::uint32_t seq_of(std::string_view key);
/// Packs events into values of at most kEventRowOctetsMax.
std::vector<std::string> pack(const std::vector<Event>& events);
/// The first instant at which a job of the message is due; nullopt: none waits.
std::optional<Wall> next_attempt(const Message& message);

}  // namespace ph::queue
