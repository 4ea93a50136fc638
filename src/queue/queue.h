// The queue: messages that we answer for until every recipient is settled.
//
// Durable part (docs/formats/queue.md, docs/states/queue.md), shard 0, `lane` a small number:
//   q/<shard>                          catalogue: live partitions, the next generation number
//   q/<shard>/<lane>/<generation>      fresh messages
//   q/<shard>/due/<hour>/<n>           messages that were deferred to that hour, or are held
// and in each of these: !epoch, m/<id> message, r/<id>/<n> recipients (40 a row), e/<id>/<k>
// events, !retire (events on their way to the journal), !move (messages on their way to another
// hour). A generation takes kMessagesPerGeneration messages, then the next is opened. What waits
// moves to the partition of its hour, so that a generation drains and is dropped, no scan walks
// over the tombstones of old mail, and only what is due soon has to be in memory. Every batch
// checks !epoch, which a take-over rewrites before it reads: a process that lost the queue cannot
// change it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/event.h"
#include "queue/message.h"
#include "queue/port.h"
#include "queue/turn.h"
#include "store/store.h"

namespace ph::queue {

inline constexpr std::uint32_t kMessagesPerGeneration = 20000;
inline constexpr std::size_t kQueuedMessagesMax = 1000000;  // in memory
/// Deferred messages are read into memory for their hour while fewer than this are there.
inline constexpr std::size_t kLoadedMessagesMax = 500000;
inline constexpr std::size_t kLanes = 2;
inline constexpr std::size_t kEventRowOctetsMax = 60 << 10;
inline constexpr std::size_t kRetireRowsMax = 900;        // event rows moved to the journal at once
inline constexpr std::size_t kRetireOctetsMax = 1 << 20;  // and their octets
inline constexpr std::chrono::milliseconds kRetireEvery{2000};
inline constexpr std::size_t kMoveMessagesMax = 100;  // moved to another hour at once
inline constexpr std::size_t kMoveRowsMax = 400;      // and their rows of recipients
inline constexpr std::size_t kMoveScanMax = 5000;     // looked at while accept() waits
inline constexpr std::chrono::minutes kMoveEvery{1};
inline constexpr std::chrono::minutes kMoveAhead{10};  // what is due sooner stays where it is
inline constexpr std::chrono::minutes kLoadAhead{20};  // before its hour begins
/// An order about messages waits so long for a move to end.
inline constexpr std::chrono::seconds kStandStillMax{30};
inline constexpr std::chrono::milliseconds kStandStillPollEvery{20};
/// Of a parked message: those who are told of singly. The last event says how many others there
/// are.
inline constexpr std::size_t kUnsaidEventsMax = 100;
/// What a batch may hold, less some for keys and checks (store::Limits::batch_octets).
inline constexpr std::size_t kBatchOctetsMax = 900 << 10;

/// Hands events to the journal; called again with the same origins after a crash or a failure.
using Retire = std::function<Task<Result<Done>>(std::uint32_t day, std::vector<EventBlock> blocks)>;

/// What is in memory at most: smaller in tests alone.
struct QueueLimits {
  std::size_t messages_max = kQueuedMessagesMax;
  std::size_t loaded_max = kLoadedMessagesMax;
};

/// Jobs of one message that are due. Shared: by the queue's map and the attempts under way.
struct Due {
  std::shared_ptr<const Message> message;
  std::vector<std::uint32_t> jobs;
};

/// What an attempt changed, and what is to be said of it.
struct Settled {
  std::vector<std::pair<std::uint32_t, Job>> changed;  // index, and the job as it is now
  std::vector<Job> added;  // recipients that an expanded one became; `parent` says which
  std::vector<Event> events;
  /// Reports to the sender, each with its own event of acceptance: in the queue if and only if the
  /// change is. Their bodies are sealed under report_holder(); their ids come from reserve().
  std::vector<std::pair<Message, std::vector<Event>>> reports;
};

class MailQueue final : public Queue {
 public:
  /// `executor` runs attempts and housekeeping. All references outlive the queue.
  MailQueue(store::Store& store, rt::World& world, rt::Executor executor, Retire retire,
            QueueLimits limits = {});
  ~MailQueue() override;

  /// Takes the queue over: rewrites the epochs, reads what is there, opens fresh generations.
  Task<Result<Done>> open();

  // For intake, from any thread.
  /// A fresh id. unavailable: the queue is full (reports are taken all the same: with them others
  /// leave), or its next generation is not open yet.
  Result<QueueId> reserve(bool report = false);
  /// The reserved id is not used.
  void abandon(const QueueId& id);
  /// The blob holder that names this message's row.
  static std::string holder(const QueueId& id);
  /// Returns when message, recipients and events are durable: the acceptance. From then on the
  /// queue answers for the message. refused: another process took the queue over. On failure the id
  /// is abandoned.
  Task<Result<Done>> accept(Message message, std::vector<Event> events);

  // For deliver, on the executor.
  /// The next message with jobs that are due; nullopt: none now. The jobs are the caller's until
  /// settle(), park() or give_back().
  std::optional<Due> take_due();
  /// Waits until there may be one, or wake().
  Task<void> wait_for_due();
  void wake();
  /// Commits the outcome of an attempt and gives the changed jobs back. When no job waits any more
  /// the message leaves the queue. over_limit: too much for one batch.
  Task<Result<Done>> settle(QueueId id, Settled settled);
  /// The blob holder for a report about message `about`, which has jobs taken.
  std::string report_holder(const QueueId& about, const QueueId& report);
  /// Nothing durable changed: the jobs wait on, with their next attempt and reason as given. A
  /// restart forgets that of messages that did not move to another hour meanwhile, and tries them.
  /// The events are found at once, and reach the disk with the next change of the message, such as
  /// its move to another hour: nobody waits for a commit.
  void park(const QueueId& id, std::vector<std::pair<std::uint32_t, Job>> jobs,
            std::vector<Event> events);
  /// The routes are others now: whatever a route keeps is due. Nothing durable changes.
  Task<Result<Done>> look_again();
  /// The attempt did not take place; it comes again after `wait`.
  void give_back(const QueueId& id, const std::vector<std::uint32_t>& jobs,
                 std::chrono::seconds wait);
  /// The message as it is now; null: it left.
  std::shared_ptr<const Message> find(const QueueId& id) const;

  Task<Result<std::vector<JobInfo>>> list(Select which, std::size_t max,
                                          rt::Instant deadline) override;
  Task<Result<std::vector<JobInfo>>> show(std::string queue_id, rt::Instant deadline) override;
  Task<Result<Stats>> stats(rt::Instant deadline) override;
  Task<Result<Changed>> hold(Select which) override;
  Task<Result<Changed>> release(Select which) override;
  Task<Result<Changed>> retry(Select which) override;
  Task<Result<Changed>> remove(Select which) override;

  std::size_t messages() const;  // in memory
  /// Events that are not in the journal yet (journal::Tail).
  Task<Result<std::vector<Event>>> events(std::string term);

  /// Moves events of settled messages to the journal, deferred messages to their hour and back into
  /// memory, and drops drained partitions, until finish().
  void start();
  Task<void> finish();
  const rt::Executor& executor() const { return executor_; }

 private:
  struct Home;
  struct Entry;
  struct Stored;
  using HomePtr = std::shared_ptr<Home>;    // shared: see Home
  using EntryPtr = std::shared_ptr<Entry>;  // shared: see Entry
  using StoredMessages = std::map<QueueId, Stored>;
  enum class Order : std::uint8_t { hold, release, retry, remove };

  // homes.cc
  Task<Result<HomePtr>> open_home(HomePtr home, std::string place);
  Task<Result<HomePtr>> open_generation(std::uint8_t lane);
  Task<void> open_next(std::uint8_t lane);
  Task<Result<HomePtr>> due_home(std::uint32_t hour);
  Task<Result<Done>> take_over(HomePtr home);
  Task<Result<StoredMessages>> read_home(HomePtr home);
  Task<Result<Done>> load_home(HomePtr home);
  Task<Result<Done>> load_again(HomePtr home, std::vector<QueueId> ids);
  void enter_stored(const HomePtr& home, const QueueId& id, Stored stored);
  Task<Result<Done>> load_due(Wall until);
  Task<Result<Done>> load_early();
  Task<Result<Done>> drop_home(HomePtr home);
  std::vector<HomePtr> homes() const;
  // move.cc
  Task<void> move_deferred();
  /// By partition and hour: an order that a simulation repeats.
  using Groups = std::map<std::pair<store::Partition, std::uint32_t>, std::vector<EntryPtr>>;
  Groups deferred() const;
  static std::size_t unsaid_octets(const Entry& entry);
  bool is_deferred(const Entry& entry, Wall soon) const;
  Task<Result<Done>> move_group(HomePtr from, std::uint32_t hour, std::vector<EntryPtr> group);
  void set_aside(const HomePtr& from, const HomePtr& to, const std::vector<EntryPtr>& entries);
  Task<Result<Done>> finish_moves();
  Task<Result<Done>> move(HomePtr from, HomePtr to, std::vector<EntryPtr> entries);
  Task<Result<Done>> finish_move(HomePtr from);
  // retire.cc
  Task<void> housekeeping();
  bool nothing_to_retire();
  Task<void> drop_drained();
  Task<Result<bool>> retire_some(HomePtr home);
  Task<Result<Done>> finish_retire(HomePtr home, std::string plan);
  // look.cc
  using Visit = std::function<bool(Message message)>;  // false: enough
  using VisitEntry = std::function<bool(const Entry& entry)>;
  Task<Result<Done>> walk(HomePtr home, Visit visit);
  Task<Result<Done>> walk_elsewhere(Visit visit);
  void visit_entries(const VisitEntry& visit) const;
  Task<Result<std::shared_ptr<const Message>>> read_one(QueueId id);
  // orders.cc
  Task<Result<Done>> stand_still(rt::Instant deadline);
  Task<Result<Changed>> order(Order what, Select which);
  Task<Result<Changed>> order_all(Order what, Select which);
  Task<Result<Done>> order_one(Order what, Select which, QueueId id, std::shared_ptr<Changed> sum);
  Task<Result<Done>> load_for(Select which);
  Task<Result<Done>> load_kept();
  // queue.cc
  Task<Result<Done>> commit(HomePtr home, store::Batch batch);
  Task<EntryPtr> enter(QueueId id);
  void schedule(const QueueId& id, Entry& entry);
  void give_up_jobs(Entry& entry, const std::vector<std::uint32_t>& jobs);
  void forget_unsaid(const QueueId& id, Entry& entry, std::size_t count);
  void ring();

  store::Store& store_;
  rt::World& world_;
  rt::Executor executor_;
  Retire retire_;
  QueueLimits limits_;
  // Shared: by rings on their way, which may outlive the queue.
  std::shared_ptr<rt::Timer> bell_, house_bell_;
  std::unique_ptr<rt::Timer> stopped_;
  bool stopping_ = false, running_ = false;
  rt::Instant moved_at_{};
  Turn homes_turn_;  // moving messages between partitions, and reading one into memory

  mutable std::mutex mutex_;  // guards what follows; never held across co_await
  std::map<QueueId, EntryPtr> entries_;
  std::set<std::pair<Wall, QueueId>> due_;
  std::set<QueueId> unsaid_;  // entries with such events
  std::deque<QueueId> ready_;
  std::map<std::pair<std::uint8_t, std::uint32_t>, HomePtr> generations_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, HomePtr> hours_;
  struct Lane {
    HomePtr current, next;
    bool opening = false;
  };
  std::vector<Lane> lanes_;
  std::size_t lane_turn_ = 0;
  std::uint32_t next_number_ = 1;  // of partitions
  bool rung_ = false;
  bool house_idle_ = false;          // housekeeping waits until there is something to retire
  Wall sleeps_until_ = Wall::min();  // of wait_for_due()
};

}  // namespace ph::queue
