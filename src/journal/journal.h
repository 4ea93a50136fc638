// Events on disk: kept in blocks by day, found again by queue id, Message-ID or address.
//
//   j/<day>/<block>   origin -> up to 64 KiB of events (base/event.h); the origin is the once-only
//                     marker: the same events retired twice are stored once. One key, !octets,
//                     is none: what the blocks here and their index entries take
//   jx/<day>/<slot>   <hash of a term>/<block>/<origin> -> nothing; slot = hash of 256
//
// An index entry is written before the block that it leads to: one without a block (a crash between
// the two) is passed over by the reader. Formats: docs/formats/journal.md.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
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
inline constexpr std::size_t kBlockTriesMax = 100;     // to put one beside another writer
inline constexpr std::chrono::milliseconds kNotesFlushEvery{200};
/// After a failure: a full disk stays full for a while, and each try is a line in the log.
inline constexpr std::chrono::milliseconds kNotesRetryEvery{2000};
inline constexpr std::chrono::minutes kIdleMax{1};  // with no notes: then a new day is looked for

struct Options {
  std::uint32_t retention_days = 30;
  /// Keys and values, with their index entries. Above it the oldest days are dropped, never today:
  /// when that fills it alone, notes are no longer kept (their log lines are), while the events of
  /// messages are.
  std::uint64_t octets_max = std::uint64_t{4} << 30;
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

  /// What the days take that are kept; known a moment after start().
  std::uint64_t octets() const;

  /// Starts the writer of notes and the expiry, by days and by octets.
  void start();
  /// Writes what is queued and stops the writer. Nothing may be noted after it.
  Task<void> finish();

 private:
  Task<void> write_notes();
  Task<Result<Done>> flush();
  Task<Result<Done>> put_block(std::uint32_t day, EventBlock block, std::uint64_t octets);
  // What is kept (retention.cc).
  Task<void> retain();
  Task<Result<Done>> count_octets(std::uint32_t today);
  Task<Result<Done>> expire(std::uint32_t today);
  Task<Result<Done>> trim(std::uint32_t today);
  Task<Result<Done>> drop_day(std::uint32_t day);
  Task<Result<Done>> drop_if_there(std::string partition);
  void set_octets(std::uint32_t day, std::size_t block, std::uint64_t octets);
  std::uint64_t known_octets(std::uint32_t day, std::size_t block) const;
  /// The oldest day that takes room, and whether all together take too much of it.
  struct Taken {
    std::uint32_t oldest = 0;
    bool too_much = false;
  };
  Taken taken() const;
  Task<Result<std::vector<Event>>> find_indexed(std::string term);
  Task<Result<std::vector<std::uint64_t>>> index(std::uint32_t day,
                                                 const std::vector<EventBlock>* blocks);

  store::Store& store_;
  rt::World& world_;
  rt::Executor executor_;
  Options options_;
  std::vector<Tail> tails_;
  std::shared_ptr<rt::Timer> timer_;  // shared: by rings on their way
  std::string incarnation_;           // makes the origins of notes unique
  std::uint64_t blocks_written_ = 0;  // of notes
  std::uint32_t expired_day_ = 0;
  bool counted_ = false;     // what the store holds is in octets_
  rt::Instant retain_next_;  // after a failure: not before
  bool stopping_ = false, running_ = false;
  std::unique_ptr<rt::Timer> stopped_;

  mutable std::mutex mutex_;  // guards what follows; never held across co_await
  std::deque<Event> notes_;
  std::vector<Event> in_flight_;  // being written: find() looks here too
  std::uint64_t dropped_ = 0;
  bool idle_ = false;           // the writer waits until there is a note
  std::uint32_t full_day_ = 0;  // takes all the room by itself: its notes are not kept
  std::map<std::uint32_t, std::array<std::uint64_t, kBlocksPerDay>> octets_;  // by day and block
};

std::string block_partition(std::uint32_t day, std::string_view block);
std::string index_partition(std::uint32_t day, std::uint64_t slot);
std::string block_name(std::uint64_t block);
/// The row of a block partition that counts; sorts before every origin.
inline constexpr std::string_view kOctetsKey = "!octets";
/// nullopt: not one of our counts.
std::optional<std::uint64_t> parse_count(std::string_view value);

/// The words under which an event is found: queue id, Message-ID, sender and recipient, lower case.
std::vector<std::string> terms(const Event& event);

}  // namespace ph::journal
