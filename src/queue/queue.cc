#include "queue/queue.h"

#include <fmt/format.h>

#include <algorithm>

#include "queue/generation.h"

namespace ph::queue {

std::vector<std::string> pack(const std::vector<Event>& events) {
  std::vector<std::string> rows;
  for (const Event& event : events) {
    std::string one = format_events({event});
    PH_CHECK(one.size() <= kEventRowOctetsMax);  // addresses and replies have limits far below
    if (rows.empty() || rows.back().size() + one.size() > kEventRowOctetsMax) rows.emplace_back();
    rows.back() += one;
  }
  return rows;
}

std::optional<Wall> next_attempt(const Message& message) {
  std::optional<Wall> first;
  for (const Job& job : message.jobs)
    if (job.state == JobState::waiting && (!first || job.next_attempt < *first))
      first = job.next_attempt;
  return first;
}

MailQueue::MailQueue(store::Store& store, rt::World& world, rt::Executor executor, Retire retire)
    : store_(store),
      world_(world),
      executor_(std::move(executor)),
      retire_(std::move(retire)),
      bell_(world.timers.timer(executor_)),
      house_bell_(world.timers.timer(executor_)),
      stopped_(world.timers.timer(executor_)),
      lanes_(kLanes) {}

MailQueue::~MailQueue() = default;

std::string MailQueue::holder(const QueueId& id) {
  return partition_of(id) + "\t" + message_key(id);
}

Result<QueueId> MailQueue::reserve() {
  std::uint8_t open_lane = 0;
  bool open_more = false;
  Result<QueueId> reserved = fail(Kind::unavailable, "the queue has no open generation");
  {
    const std::lock_guard lock(mutex_);
    if (entries_.size() >= kQueuedMessagesMax)
      return fail(Kind::unavailable, "the queue is full",
                  std::to_string(entries_.size()) + " messages wait");
    const std::size_t turn = lane_turn_++ % lanes_.size();
    Lane& lane = lanes_[turn];
    if (lane.current && lane.current->next_seq >= kMessagesPerGeneration && lane.next) {
      lane.current->open = false;
      lane.current = std::move(lane.next);
    }
    if (lane.current && lane.current->next_seq < kMessagesPerGeneration) {
      Generation& generation = *lane.current;
      ++generation.live;
      reserved = QueueId{.day = static_cast<std::uint16_t>(day_of(world_.clock.wall())),
                         .shard = 0,
                         .lane = generation.lane,
                         .generation = generation.number,
                         .seq = generation.next_seq++};
    }
    // The next one is opened long before it is needed: nobody waits for it.
    if (!lane.next && !lane.opening &&
        (!lane.current || lane.current->next_seq > kMessagesPerGeneration / 2)) {
      lane.opening = true;
      open_more = true;
      open_lane = static_cast<std::uint8_t>(turn);
    }
  }
  if (open_more) rt::spawn(executor_, open_next(open_lane));
  return reserved;
}

void MailQueue::abandon(const QueueId& id) {
  const std::lock_guard lock(mutex_);
  const auto found = generations_.find({id.lane, id.generation});
  if (found != generations_.end()) --found->second->live;
}

Task<Result<Done>> MailQueue::commit(std::shared_ptr<Generation> generation, store::Batch batch) {
  batch.checks.push_back(
      {.key = kEpochKey, .what = store::Check::What::version, .v = generation->epoch});
  auto done = co_await store_.commit(generation->partition, std::move(batch));
  if (done) co_return Done{};
  Error error = std::move(done).error();
  if (error.kind == Kind::conflict)
    co_return fail(Kind::refused, "another process has taken the queue over",
                   generation->partition);
  co_return std::unexpected(std::move(error));
}

Task<Result<Done>> MailQueue::accept(Message message, std::vector<Event> events) {
  const QueueId id = message.id;
  std::shared_ptr<Generation> generation;
  {
    const std::lock_guard lock(mutex_);
    const auto found = generations_.find({id.lane, id.generation});
    PH_CHECK(found != generations_.end());  // reserve() counted us in: it cannot be dropped
    generation = found->second;
  }
  store::Batch batch;
  batch.puts.push_back({message_key(id), format_message(message)});
  for (std::size_t first = 0, row = 0; first < message.jobs.size(); first += kJobsPerRow, ++row)
    batch.puts.push_back({jobs_key(id.seq, row), format_jobs(message.jobs, first)});
  std::vector<EventRow> event_rows;
  for (std::string& packed : pack(events)) {
    event_rows.push_back({event_key(id.seq, event_rows.size()), packed.size()});
    batch.puts.push_back({event_rows.back().key, std::move(packed)});
  }
  auto done = co_await commit(generation, std::move(batch));
  if (!done) {
    abandon(id);
    co_return done;
  }
  for (const Event& event : events) world_.log.event(event);
  bool first_in_line = false;
  {
    const std::lock_guard lock(mutex_);
    entries_.emplace(id, Entry{std::make_shared<const Message>(std::move(message)), generation,
                               std::move(event_rows), false});
    ready_.push_back(id);
    first_in_line = !std::exchange(rung_, true);
  }
  if (first_in_line) ring();
  co_return Done{};
}

void MailQueue::ring() {
  boost::asio::post(executor_, [bell = bell_] { bell->cancel(); });
}

void MailQueue::wake() {
  {
    const std::lock_guard lock(mutex_);
    rung_ = true;
  }
  ring();
}

std::shared_ptr<const Message> MailQueue::take_due() {
  const Wall now = world_.clock.wall();
  const std::lock_guard lock(mutex_);
  for (auto it = due_.begin(); it != due_.end() && it->first <= now; it = due_.erase(it))
    ready_.push_back(it->second);
  while (!ready_.empty()) {
    const auto found = entries_.find(ready_.front());
    ready_.pop_front();
    if (found == entries_.end() || found->second.busy) continue;
    found->second.busy = true;
    return found->second.message;
  }
  return nullptr;
}

Task<void> MailQueue::wait_for_due() {
  // A minute at most: the wall clock may jump.
  std::chrono::nanoseconds wait = std::chrono::seconds(60);
  {
    const std::lock_guard lock(mutex_);
    if (rung_ || !ready_.empty()) {
      rung_ = false;
      co_return;
    }
    if (!due_.empty()) {
      const auto until = due_.begin()->first - world_.clock.wall();
      wait = std::clamp<std::chrono::nanoseconds>(until, std::chrono::milliseconds(1), wait);
    }
  }
  auto rung = co_await bell_->wait_until(world_.clock.now() + wait);
  static_cast<void>(rung);
  const std::lock_guard lock(mutex_);
  rung_ = false;
}

Task<Result<Done>> MailQueue::settle(std::shared_ptr<const Message> message, Settled settled) {
  const QueueId id = message->id;
  auto after = std::make_shared<Message>(*message);
  after->jobs = std::move(settled.jobs);
  const bool leaves = after->settled();

  std::shared_ptr<Generation> generation;
  std::vector<EventRow> event_rows;
  {
    const std::lock_guard lock(mutex_);
    const Entry& entry = entries_.at(id);
    PH_CHECK(entry.busy);
    generation = entry.generation;
    event_rows = entry.event_rows;
  }
  store::Batch batch;
  if (leaves) batch.puts.push_back({message_key(id), std::nullopt});
  const std::size_t jobs_before = message->jobs.size();
  for (std::size_t first = 0, row = 0; first < after->jobs.size(); first += kJobsPerRow, ++row) {
    if (leaves) {
      if (first < jobs_before) batch.puts.push_back({jobs_key(id.seq, row), std::nullopt});
      continue;
    }
    std::string packed = format_jobs(after->jobs, first);
    if (first < jobs_before && packed == format_jobs(message->jobs, first)) continue;
    batch.puts.push_back({jobs_key(id.seq, row), std::move(packed)});
  }
  for (std::string& packed : pack(settled.events)) {
    event_rows.push_back({event_key(id.seq, event_rows.size()), packed.size()});
    batch.puts.push_back({event_rows.back().key, std::move(packed)});
  }
  if (!batch.puts.empty()) {
    PH_CO_TRY([[maybe_unused]] auto done, co_await commit(generation, std::move(batch)));
  }
  for (const Event& event : settled.events) world_.log.event(event);
  {
    const std::lock_guard lock(mutex_);
    if (leaves) {
      entries_.erase(id);
      --generation->live;
      for (EventRow& row : event_rows)
        generation->unretired.emplace(std::move(row.key), row.octets);
    } else {
      Entry& entry = entries_.at(id);
      entry.message = after;
      entry.event_rows = std::move(event_rows);
      entry.busy = false;
      due_.emplace(*next_attempt(*after), id);
    }
  }
  if (leaves) {
    // The row is gone: its hold on the body goes too. A crash in between leaves a holder without a
    // row, which the sweep drops.
    auto released = co_await store_.unlink(message->blob, holder(id));
    if (!released) world_.log.error("queue: a body could not be released", released.error());
  }
  co_return Done{};
}

void MailQueue::park(std::shared_ptr<const Message> message, std::vector<Job> jobs) {
  auto after = std::make_shared<Message>(*message);
  after->jobs = std::move(jobs);
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_.at(message->id);
  entry.message = after;
  entry.busy = false;
  due_.emplace(*next_attempt(*after), message->id);
}

void MailQueue::give_back(std::shared_ptr<const Message> message, std::chrono::seconds wait) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(message->id);
  if (found == entries_.end()) return;
  found->second.busy = false;
  due_.emplace(world_.clock.wall() + wait, message->id);
}

void MailQueue::retry_all() {
  {
    const std::lock_guard lock(mutex_);
    due_.clear();
    const Wall now = world_.clock.wall();
    for (auto& [id, entry] : entries_) {
      auto message = std::make_shared<Message>(*entry.message);
      for (Job& job : message->jobs)
        if (job.state == JobState::waiting && job.next_attempt > now) job.next_attempt = now;
      if (!entry.busy) {
        entry.message = message;
        ready_.push_back(id);
      } else {
        due_.emplace(now, id);  // looked at again after the attempt that has it
      }
    }
  }
  wake();
}

Task<Result<std::vector<JobInfo>>> MailQueue::list(std::size_t max, rt::Instant deadline) {
  static_cast<void>(deadline);  // in memory: there is nothing to wait for
  std::vector<JobInfo> jobs;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, entry] : entries_) {
    const Message& m = *entry.message;
    for (const Job& job : m.jobs) {
      if (job.state != JobState::waiting) continue;
      if (jobs.size() >= max) co_return jobs;
      jobs.push_back({.queue_id = to_string(id),
                      .sender = message::to_string(m.sender),
                      .recipient = message::to_string(job.recipient),
                      .octets = m.octets,
                      .accepted = m.accepted,
                      .next_attempt = job.next_attempt,
                      .attempts = job.attempts,
                      .why = job.why});
    }
  }
  co_return jobs;
}

std::size_t MailQueue::messages() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace ph::queue
