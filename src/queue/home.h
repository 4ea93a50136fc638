// The queue's inner types, shared by its source files; nobody outside includes this.
#pragma once

#include <algorithm>
#include <map>

#include "queue/queue.h"
#include "queue/turn.h"

namespace ph::queue {

/// One partition of messages: a generation of fresh ones, or those that are due in one hour.
/// Shared: by the queue's maps, its entries, and the coroutines that work in it.
struct MailQueue::Home {
  store::Partition partition;
  std::string catalogue;   // its key there
  store::Version epoch{};  // of the row "!epoch": every batch checks it
  bool generation = true;
  std::uint32_t hour = 0;      // not a generation: hours since 1970-01-01, or kHeldHour
  std::uint32_t number = 0;    // in the partition's name; never used again
  std::uint32_t next_seq = 0;  // generation: of the next id
  std::size_t messages = 0;    // put here, also by earlier moves
  std::size_t live = 0;        // messages in memory not settled, ids reserved but not accepted yet
  bool open = true;            // takes new messages
  bool loaded = true;          // its messages are in memory
  bool early = false;          // one of them is due before its hour: a start reads it at once
  // Of a move from here that the store did not let end: where to, and what was moved.
  std::shared_ptr<Home> unfinished;
  std::vector<QueueId> set_aside;
  bool closed = false;               // about to be dropped: nothing can be committed any more
  bool awaited = false;              // it is the target of one: not read before that is finished
  std::uint64_t retired_groups = 0;  // numbers the origins in the journal
  std::map<std::string, std::size_t> unretired;  // event rows of settled messages, their octets
};

struct EventRow {
  std::string key;
  std::size_t octets = 0;
};

/// A queued message in memory and where it stands.
/// Shared: by the map and the coroutine that changes it.
struct MailQueue::Entry {
  std::shared_ptr<const Message> message;
  std::shared_ptr<Home> home;
  std::vector<EventRow> event_rows;
  std::vector<Event> unsaid;         // by park(): written with the next change of it
  std::vector<std::uint32_t> taken;  // jobs that an attempt has
  std::optional<Wall> due_at;        // its place in due_
  bool moving = false;               // to another partition: no attempt until it is there
  Turn turn;                         // one change at a time
};

inline bool has(const std::vector<std::uint32_t>& jobs, std::uint32_t index) {
  return std::ranges::find(jobs, index) != jobs.end();
}

/// What its row takes, about.
std::size_t octets_of(const Event& event);

// Nothing asked for fits everything.
bool fits(const Select& which, const Message& message);
bool fits(const Select& which, const Job& job);

/// A message as its rows have it.
struct MailQueue::Stored {
  std::shared_ptr<Message> message;
  std::vector<EventRow> event_rows;
};

inline constexpr char kEpochKey[] = "!epoch";
inline constexpr char kRetireKey[] = "!retire";
inline constexpr char kRetiredKey[] = "!retired";
inline constexpr char kMoveKey[] = "!move";
inline constexpr char kEarlyKey[] = "!early";

store::Partition catalogue_partition();
store::Partition generation_partition(std::uint8_t lane, std::uint32_t number);
store::Partition due_partition(std::uint32_t hour, std::uint32_t number);

// Rows of a message: "m/<id>", "r/<id>/<n>" recipients, "e/<id>/<k>" events.
std::string message_key(const QueueId& id);
std::string jobs_key(const QueueId& id, std::size_t row);
std::string event_key(const QueueId& id, std::size_t row);
/// The n of such a row.
std::size_t row_of(std::string_view key);
/// The blob holder that names a message's row.
std::string holder_in(const store::Partition& partition, const QueueId& id);

/// Packs events into values of at most kEventRowOctetsMax.
std::vector<std::string> pack(const std::vector<Event>& events);
/// Adds rows for `events` to the batch and to `rows`.
void put_events(store::Batch& batch, const QueueId& id, const std::vector<Event>& events,
                std::vector<EventRow>& rows);
/// Puts the rows of `jobs` that differ from those of `before`.
void put_jobs(store::Batch& batch, const QueueId& id, const std::vector<Job>& jobs,
              const std::vector<Job>& before);

/// The hour that a message waits for.
std::uint32_t hour_of(Wall at);

}  // namespace ph::queue
