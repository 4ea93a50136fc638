// Events on disk: kept in blocks by day, found again by queue id, Message-ID or address.
//
//   j/<day>/<block>   origin -> up to 64 KiB of events (base/event.h); the origin is the once-only
//                     marker: the same events retired twice are stored once
//   jx/<day>/<slot>   <hash of a term>/<block>/<origin> -> nothing; slot = hash of 256
//
// An index entry is written before the block that it leads to: one without a block (a crash between
// the two) is passed over by the reader. Formats: docs/formats/journal.md.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "journal/port.h"
#include "store/store.h"

namespace ph::journal {

inline constexpr std::size_t kNotesQueuedMax = 10000;     // events not yet written
inline constexpr std::size_t kBlockOctetsMax = 60 << 10;  // of one block's value, below 64 KiB
inline constexpr std::size_t kBlocksPerDay = 16;          // partitions that share a day's blocks
inline constexpr std::size_t kIndexSlotsPerDay = 256;
inline constexpr std::size_t kEventsFoundMax = 10000;  // of one search
inline constexpr std::size_t kRelatedIdsMax = 100;     // queue ids followed from one term
inline constexpr std::chrono::milliseconds kNotesFlushEvery{200};
/// After a failure: a full disk stays full for a while, and each try is a line in the log.
inline constexpr std::chrono::milliseconds kNotesRetryEvery{2000};
inline constexpr std::chrono::minutes kIdleMax{1};  // with no notes: then a new day is looked for

struct Options {
  std::uint32_t retention_days = 30;
};

/// Events of the rooms that have not been retired yet, e.g. those of queued messages.
using Tail = std::function<Task<Result<std::vector<Event>>>(std::string term)>;

class EventJournal final : public Journal {
 public:
  /// `executor` runs the writer of notes. All references outlive the journal.
  EventJournal(store::Store& store, rt::World& world, rt::Executor executor, Options options);

  void note(Event event) override;
  Task<Result<std::vector<Event>>> find(std::string term, rt::Instant deadline) override;

  /// Stores blocks of events in `day`'s partitions, indexed. May be repeated after a failure or a
  /// crash, without effect. Many blocks in one call cost little more than one: their index entries
  /// are written together.
  Task<Result<Done>> retire(std::uint32_t day, std::vector<EventBlock> blocks);

  void add_tail(Tail tail) { tails_.push_back(std::move(tail)); }

  /// Starts the writer of notes and the daily expiry.
  void start();
  /// Writes what is queued and stops the writer. Nothing may be noted after it.
  Task<void> finish();

 private:
  Task<void> write_notes();
  Task<Result<Done>> flush();
  Task<Result<Done>> expire(std::uint32_t today);
  Task<Result<std::vector<Event>>> find_indexed(std::string term);
  Task<Result<Done>> index(std::uint32_t day, const std::vector<EventBlock>* blocks);

  store::Store& store_;
  rt::World& world_;
  rt::Executor executor_;
  Options options_;
  std::vector<Tail> tails_;
  std::shared_ptr<rt::Timer> timer_;  // shared: by rings on their way
  std::string incarnation_;           // makes the origins of notes unique
  std::uint64_t blocks_written_ = 0;  // of notes
  std::uint32_t expired_day_ = 0;
  bool stopping_ = false, running_ = false;
  std::unique_ptr<rt::Timer> stopped_;

  std::mutex mutex_;  // guards what follows; never held across co_await
  std::deque<Event> notes_;
  std::vector<Event> in_flight_;  // being written: find() looks here too
  std::uint64_t dropped_ = 0;
  bool idle_ = false;  // the writer waits until there is a note
};

/// The words under which an event is found: queue id, Message-ID, sender and recipient, lower case.
std::vector<std::string> terms(const Event& event);

}  // namespace ph::journal
