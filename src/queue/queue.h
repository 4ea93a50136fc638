// The queue: messages that we answer for until every recipient is settled.
//
// Durable part (docs/formats/queue.md, docs/states/queue.md), shard 0, `lane` a small number:
//   q/<shard>                          catalogue: live generations, the next generation number
//   q/<shard>/<lane>/<generation>      !epoch, m/<seq> message, r/<seq>/<n> recipients (100 a row),
//                                      e/<seq>/<k> events, !retire (events on their way to the
//                                      journal)
// A generation takes kMessagesPerGeneration messages, then the next is opened; one that is drained
// is dropped, so that no scan ever walks over the tombstones of old mail. Every batch checks
// !epoch, which a take-over rewrites before it reads: a process that lost the queue cannot change
// it any more.
//
// The working set is in memory; the store is read at start-up only (and by `why`).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/event.h"
#include "queue/message.h"
#include "queue/port.h"
#include "store/store.h"

namespace ph::queue {

inline constexpr std::uint32_t kMessagesPerGeneration = 20000;
inline constexpr std::size_t kQueuedMessagesMax = 1000000;
inline constexpr std::size_t kLanes = 2;
inline constexpr std::size_t kEventRowOctetsMax = 60 << 10;
inline constexpr std::size_t kRetireRowsMax = 900;        // event rows moved to the journal at once
inline constexpr std::size_t kRetireOctetsMax = 1 << 20;  // and their octets
inline constexpr std::chrono::milliseconds kRetireEvery{2000};

/// Hands events to the journal; called again with the same origins after a crash or a failure.
using Retire = std::function<Task<Result<Done>>(std::uint32_t day, std::vector<EventBlock> blocks)>;

/// What an attempt changed: the jobs as they are now, and what is to be said of it.
struct Settled {
  std::vector<Job> jobs;
  std::vector<Event> events;
};

class MailQueue final : public Queue {
 public:
  /// `executor` runs attempts and housekeeping. All references outlive the queue.
  MailQueue(store::Store& store, rt::World& world, rt::Executor executor, Retire retire);
  ~MailQueue() override;

  /// Takes the queue over: rewrites the epochs, reads what is there, opens fresh generations.
  Task<Result<Done>> open();

  // For intake, from any thread.
  /// A fresh id. unavailable: the queue is full or its next generation is not open yet.
  Result<QueueId> reserve();
  /// The reserved id is not used.
  void abandon(const QueueId& id);
  /// The blob holder that names this message's row.
  static std::string holder(const QueueId& id);
  /// Returns when message, recipients and events are durable: the acceptance. From then on the
  /// queue answers for the message. refused: another process took the queue over. On failure the id
  /// is abandoned.
  Task<Result<Done>> accept(Message message, std::vector<Event> events);

  // For deliver, on the executor.
  /// The next message with a job that is due; null: none now. It is the caller's until settle() or
  /// give_back(). Shared: by the queue's map and the attempt under way.
  std::shared_ptr<const Message> take_due();
  /// Waits until there may be one, or wake().
  Task<void> wait_for_due();
  void wake();
  /// Commits the outcome of an attempt. When no job waits any more the message leaves the queue.
  Task<Result<Done>> settle(std::shared_ptr<const Message> message, Settled settled);
  /// Nothing durable changed: the jobs wait on, with their next attempt and reason as given.
  /// Forgotten by a restart, which tries them all at once.
  void park(std::shared_ptr<const Message> message, std::vector<Job> jobs);
  /// The attempt could not even be recorded: tried again after `wait`. What it did is done once
  /// only.
  void give_back(std::shared_ptr<const Message> message, std::chrono::seconds wait);
  /// Every waiting job is due now (an account was made, a route changed, or somebody asks for it).
  void retry_all();

  Task<Result<std::vector<JobInfo>>> list(std::size_t max, rt::Instant deadline) override;
  std::size_t messages() const;
  /// Events that are not in the journal yet (journal::Tail).
  Task<Result<std::vector<Event>>> events(std::string term);

  /// Moves events of settled messages to the journal and drops drained generations, until finish().
  void start();
  Task<void> finish();
  const rt::Executor& executor() const { return executor_; }

 private:
  struct Generation;
  struct Entry;

  Task<Result<std::shared_ptr<Generation>>> open_generation(std::uint8_t lane);
  Task<void> open_next(std::uint8_t lane);
  Task<Result<Done>> load_generation(std::uint8_t lane, std::uint32_t number);
  Task<Result<store::Version>> take_over(store::Partition partition);
  Task<void> housekeeping();
  Task<Result<bool>> retire_some(std::shared_ptr<Generation> generation);
  Task<Result<Done>> finish_retire(std::shared_ptr<Generation> generation, std::string plan);
  Task<Result<Done>> drop_generation(std::shared_ptr<Generation> generation);
  Task<Result<Done>> commit(std::shared_ptr<Generation> generation, store::Batch batch);
  void ring();

  store::Store& store_;
  rt::World& world_;
  rt::Executor executor_;
  Retire retire_;
  std::shared_ptr<rt::Timer> bell_;  // shared: by rings on their way, which may outlive the queue
  std::unique_ptr<rt::Timer> house_bell_, stopped_;
  bool stopping_ = false, running_ = false;

  mutable std::mutex mutex_;  // guards what follows; never held across co_await
  std::map<QueueId, Entry> entries_;
  std::multimap<Wall, QueueId> due_;
  std::deque<QueueId> ready_;
  std::map<std::pair<std::uint8_t, std::uint32_t>, std::shared_ptr<Generation>> generations_;
  struct Lane {
    std::shared_ptr<Generation> current, next;
    bool opening = false;
  };
  std::vector<Lane> lanes_;
  std::size_t lane_turn_ = 0;
  std::uint32_t next_generation_ = 1;
  bool rung_ = false;
};

}  // namespace ph::queue
