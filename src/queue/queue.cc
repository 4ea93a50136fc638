#include "queue/queue.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/record.h"
#include "queue/home.h"

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

void put_events(store::Batch& batch, const QueueId& id, const std::vector<Event>& events,
                std::vector<EventRow>& rows) {
  for (std::string& packed : pack(events)) {
    // Rows settle in order, so the last key is the highest.
    const std::size_t next = rows.empty() ? 0 : row_of(rows.back().key) + 1;
    rows.push_back({event_key(id, next), packed.size()});
    batch.puts.push_back({rows.back().key, std::move(packed)});
  }
}

std::size_t octets_of(const Event& event) {
  return 80 + event.message_id.size() + event.sender.size() + event.recipient.size() +
         event.peer.size() + event.why.size() + event.reply.size();
}

void put_jobs(store::Batch& batch, const QueueId& id, const std::vector<Job>& jobs,
              const std::vector<Job>& before) {
  for (std::size_t first = 0, row = 0; first < jobs.size(); first += kJobsPerRow, ++row) {
    const auto end = std::min(jobs.size(), first + kJobsPerRow);
    const bool same =
        before.size() >= end && std::equal(jobs.begin() + static_cast<std::ptrdiff_t>(first),
                                           jobs.begin() + static_cast<std::ptrdiff_t>(end),
                                           before.begin() + static_cast<std::ptrdiff_t>(first));
    if (!same) batch.puts.push_back({jobs_key(id, row), format_jobs(jobs, first)});
  }
}

MailQueue::MailQueue(store::Store& store, rt::World& world, rt::Executor executor, Retire retire,
                     QueueLimits limits)
    : store_(store),
      world_(world),
      executor_(std::move(executor)),
      retire_(std::move(retire)),
      limits_(limits),
      bell_(world.timers.timer(executor_)),
      house_bell_(world.timers.timer(executor_)),
      stopped_(world.timers.timer(executor_)),
      lanes_(kLanes) {}

MailQueue::~MailQueue() = default;

std::string MailQueue::holder(const QueueId& id) { return holder_in(partition_of(id), id); }

std::string MailQueue::report_holder(const QueueId& about, const QueueId& report) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(about);
  PH_CHECK(found != entries_.end());  // its jobs are taken: it stays where it is
  return holder_in(found->second->home->partition, report);
}

Result<QueueId> MailQueue::reserve(bool report) {
  std::uint8_t open_lane = 0;
  bool open_more = false;
  Result<QueueId> reserved = fail(Kind::unavailable, "the queue has no open generation");
  {
    const std::lock_guard lock(mutex_);
    if (entries_.size() >= limits_.messages_max && !report)
      return fail(Kind::unavailable, "the queue is full",
                  std::to_string(entries_.size()) + " messages wait");
    const std::size_t turn = lane_turn_++ % lanes_.size();
    Lane& lane = lanes_[turn];
    if (lane.current && lane.current->next_seq >= kMessagesPerGeneration && lane.next) {
      lane.current->open = false;
      lane.current = std::move(lane.next);
    }
    if (lane.current && lane.current->next_seq < kMessagesPerGeneration) {
      Home& home = *lane.current;
      ++home.live;
      reserved = QueueId{.day = static_cast<std::uint16_t>(day_of(world_.clock.wall())),
                         .shard = 0,
                         .lane = static_cast<std::uint8_t>(turn),
                         .generation = home.number,
                         .seq = home.next_seq++};
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

Task<Result<Done>> MailQueue::commit(HomePtr home, store::Batch batch) {
  batch.checks.push_back({.key = kEpochKey, .what = store::Check::What::version, .v = home->epoch});
  auto done = co_await store_.commit(home->partition, std::move(batch));
  if (done) co_return Done{};
  Error error = std::move(done).error();
  if (error.kind == Kind::conflict)
    co_return fail(Kind::refused, "another process has taken the queue over", home->partition);
  co_return std::unexpected(std::move(error));
}

namespace {

std::size_t octets_of(const store::Batch& batch) {
  std::size_t sum = 0;
  for (const store::Put& put : batch.puts)
    sum += put.key.size() + (put.value ? put.value->size() : 0);
  return sum;
}

}  // namespace

Task<Result<Done>> MailQueue::accept(Message message, std::vector<Event> events) {
  const QueueId id = message.id;
  HomePtr home;
  {
    const std::lock_guard lock(mutex_);
    const auto found = generations_.find({id.lane, id.generation});
    PH_CHECK(found != generations_.end());  // reserve() counted us in: it cannot be dropped
    home = found->second;
  }
  store::Batch recipients;
  put_jobs(recipients, id, message.jobs, {});
  store::Batch batch;
  batch.puts.push_back({message_key(id), format_message(message)});
  std::vector<EventRow> event_rows;
  put_events(batch, id, events, event_rows);
  Result<Done> done = Done{};
  if (octets_of(recipients) + octets_of(batch) > kBatchOctetsMax) {
    // One batch cannot hold it: the message row goes last and is the acceptance. Recipients' rows
    // without it are nobody's, and go with their partition.
    while (done && !recipients.puts.empty()) {
      store::Batch part;
      while (!recipients.puts.empty() && octets_of(part) < kBatchOctetsMax - (64 << 10)) {
        part.puts.push_back(std::move(recipients.puts.back()));
        recipients.puts.pop_back();
      }
      done = co_await commit(home, std::move(part));
    }
  } else {
    std::ranges::move(recipients.puts, std::back_inserter(batch.puts));
  }
  if (done) done = co_await commit(home, std::move(batch));
  if (!done) {
    abandon(id);
    co_return done;
  }
  for (const Event& event : events) world_.log.event(event);
  bool first_in_line = false;
  {
    auto entry = std::make_shared<Entry>();
    entry->message = std::make_shared<const Message>(std::move(message));
    entry->home = home;
    entry->event_rows = std::move(event_rows);
    const std::lock_guard lock(mutex_);
    entries_.emplace(id, std::move(entry));
    ++home->messages;
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

/// Under mutex_. Puts the message where take_due() finds it in time.
void MailQueue::schedule(const QueueId& id, Entry& entry) {
  if (entry.due_at) due_.erase({*entry.due_at, id});
  entry.due_at.reset();
  if (entry.moving) return;
  const std::vector<Job>& jobs = entry.message->jobs;
  for (std::uint32_t i = 0; i < jobs.size(); ++i) {
    if (!jobs[i].open() || has(entry.taken, i)) continue;
    if (!entry.due_at || jobs[i].next_attempt < *entry.due_at) entry.due_at = jobs[i].next_attempt;
  }
  if (!entry.due_at) return;
  due_.emplace(*entry.due_at, id);
  if (*entry.due_at < sleeps_until_ && !std::exchange(rung_, true)) ring();
}

std::optional<Due> MailQueue::take_due() {
  const Wall now = world_.clock.wall();
  const std::lock_guard lock(mutex_);
  for (;;) {
    QueueId id;
    if (!ready_.empty()) {
      id = ready_.front();
      ready_.pop_front();
    } else if (!due_.empty() && due_.begin()->first <= now) {
      id = due_.begin()->second;
    } else {
      return std::nullopt;
    }
    const auto found = entries_.find(id);
    if (found == entries_.end()) continue;
    Entry& entry = *found->second;
    if (entry.moving) {
      schedule(id, entry);
      continue;
    }
    Due due{entry.message, {}};
    const std::vector<Job>& jobs = entry.message->jobs;
    for (std::uint32_t i = 0; i < jobs.size(); ++i)
      if (jobs[i].open() && jobs[i].next_attempt <= now && !has(entry.taken, i))
        due.jobs.push_back(i);
    entry.taken.insert(entry.taken.end(), due.jobs.begin(), due.jobs.end());
    schedule(id, entry);
    if (!due.jobs.empty()) return due;
  }
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
    sleeps_until_ = world_.clock.wall() + std::chrono::ceil<std::chrono::milliseconds>(wait);
  }
  auto rung = co_await bell_->wait_until(world_.clock.now() + wait);
  static_cast<void>(rung);
  const std::lock_guard lock(mutex_);
  rung_ = false;
  sleeps_until_ = Wall::min();
}

/// Waits until nobody else changes the message; null: it is gone. turn.leave() must follow.
Task<MailQueue::EntryPtr> MailQueue::enter(QueueId id) {
  EntryPtr entry;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found == entries_.end()) co_return nullptr;
    entry = found->second;
  }
  co_await entry->turn.take();
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found != entries_.end() && found->second == entry) co_return entry;
  }
  entry->turn.leave();
  co_return nullptr;
}

void MailQueue::give_up_jobs(Entry& entry, const std::vector<std::uint32_t>& jobs) {
  std::erase_if(entry.taken, [&](std::uint32_t i) { return has(jobs, i); });
}

namespace {

void apply(const Settled& settled, Message& message) {
  for (const auto& [index, job] : settled.changed) message.jobs[index] = job;
  std::ranges::copy(settled.added, std::back_inserter(message.jobs));
}

}  // namespace

Task<Result<Done>> MailQueue::settle(QueueId id, Settled settled) {
  const EntryPtr entry = co_await enter(id);
  if (!entry) co_return Done{};  // an administrator removed it meanwhile
  const auto before = entry->message;
  auto after = std::make_shared<Message>(*before);
  std::vector<std::uint32_t> given_back;
  apply(settled, *after);
  for (const auto& [index, job] : settled.changed) given_back.push_back(index);
  const bool leaves = after->settled();
  const HomePtr home = entry->home;

  store::Batch batch;
  if (leaves) {
    batch.puts.push_back({message_key(id), std::nullopt});
    for (std::size_t row = 0; row * kJobsPerRow < before->jobs.size(); ++row)
      batch.puts.push_back({jobs_key(id, row), std::nullopt});
  } else {
    put_jobs(batch, id, after->jobs, before->jobs);
  }
  std::vector<EventRow> event_rows = entry->event_rows;
  const std::size_t unsaid = entry->unsaid.size();
  put_events(batch, id, entry->unsaid, event_rows);
  put_events(batch, id, settled.events, event_rows);
  std::vector<EntryPtr> reports;
  for (auto& [message, events] : settled.reports) {
    auto report = std::make_shared<Entry>();
    batch.puts.push_back({message_key(message.id), format_message(message)});
    put_jobs(batch, message.id, message.jobs, {});
    put_events(batch, message.id, events, report->event_rows);
    report->home = home;
    report->message = std::make_shared<const Message>(message);
    reports.push_back(std::move(report));
  }
  // An order, or an attempt after one, makes it due before its partition is read.
  const auto next = next_attempt(*after);
  const bool early =
      !home->generation && !home->early && !leaves && next && hour_of(*next) < home->hour;
  if (early) batch.puts.push_back({kEarlyKey, RecordWriter(1).take()});
  Result<Done> done = Done{};
  if (octets_of(batch) > kBatchOctetsMax)
    done = fail(Kind::over_limit, "the outcome does not fit into one batch", to_string(id));
  else if (!batch.puts.empty())
    done = co_await commit(home, std::move(batch));
  if (!done) {
    entry->turn.leave();
    co_return done;
  }
  for (const Event& event : settled.events) world_.log.event(event);
  for (const auto& [message, events] : settled.reports)
    for (const Event& event : events) world_.log.event(event);
  {
    const std::lock_guard lock(mutex_);
    home->early = home->early || early;
    for (EntryPtr& report : reports) {
      ++home->live;
      ++home->messages;
      ready_.push_back(report->message->id);
      entries_.emplace(report->message->id, std::move(report));
      if (!std::exchange(rung_, true)) ring();
    }
    give_up_jobs(*entry, given_back);
    forget_unsaid(id, *entry, unsaid);
    // What others parked meanwhile stays.
    auto now = std::make_shared<Message>(*entry->message);
    apply(settled, *now);
    entry->message = now;
    if (leaves) {
      if (entry->due_at) due_.erase({*entry->due_at, id});
      entries_.erase(id);
      unsaid_.erase(id);
      --home->live;
      for (EventRow& row : event_rows) home->unretired.emplace(std::move(row.key), row.octets);
      if (std::exchange(house_idle_, false))
        boost::asio::post(executor_, [bell = house_bell_] { bell->cancel(); });
    } else {
      entry->event_rows = std::move(event_rows);
      schedule(id, *entry);
    }
  }
  entry->turn.leave();
  for (const auto& [message, events] : settled.reports) abandon(message.id);  // it lives here
  if (leaves) {
    // The row is gone: its hold on the body goes too. A crash in between leaves a holder without a
    // row, which the sweep drops.
    auto released = co_await store_.unlink(before->blob, holder_in(home->partition, id));
    if (!released) world_.log.error("queue: a body could not be released", released.error());
  }
  co_return Done{};
}

void MailQueue::park(const QueueId& id, std::vector<std::pair<std::uint32_t, Job>> jobs,
                     std::vector<Event> events) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  Entry& entry = *found->second;
  auto after = std::make_shared<Message>(*entry.message);
  std::vector<std::uint32_t> given_back;
  for (auto& [index, job] : jobs) {
    given_back.push_back(index);
    after->jobs[index] = std::move(job);
  }
  entry.message = after;
  give_up_jobs(entry, given_back);
  schedule(id, entry);
  const std::size_t room = kUnsaidEventsMax - std::min(kUnsaidEventsMax, entry.unsaid.size());
  if (events.size() > room) {
    const std::size_t others = events.size() - room;
    events.resize(room);
    if (room > 0) events.back().why += fmt::format("; {} other recipient(s) wait too", others);
  }
  for (Event& event : events) {
    world_.log.event(event);
    entry.unsaid.push_back(std::move(event));
  }
  if (!entry.unsaid.empty()) unsaid_.insert(id);
}

/// Under mutex_. The first `count` of them are on the disk, or the message has left.
void MailQueue::forget_unsaid(const QueueId& id, Entry& entry, std::size_t count) {
  entry.unsaid.erase(entry.unsaid.begin(),
                     entry.unsaid.begin() + static_cast<std::ptrdiff_t>(count));
  if (entry.unsaid.empty()) unsaid_.erase(id);
}

void MailQueue::give_back(const QueueId& id, const std::vector<std::uint32_t>& jobs,
                          std::chrono::seconds wait) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  Entry& entry = *found->second;
  auto after = std::make_shared<Message>(*entry.message);
  for (const std::uint32_t index : jobs)
    after->jobs[index].next_attempt = world_.clock.wall() + wait;
  entry.message = after;
  give_up_jobs(entry, jobs);
  schedule(id, entry);
}

std::shared_ptr<const Message> MailQueue::find(const QueueId& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : found->second->message;
}

std::size_t MailQueue::messages() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace ph::queue
