// What an administrator sees of the queue: what is in memory, and what waits on the disk, read a
// page at a time.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/ascii.h"
#include "queue/home.h"

namespace ph::queue {
namespace {

std::string_view state_of(const Job& job, bool taken) {
  switch (job.state) {
    case JobState::waiting:
      return job.held || (job.kept && !taken) ? "held" : taken ? "attempting" : "waiting";
    case JobState::delivered: return "delivered";
    case JobState::expanded: return "expanded";
    case JobState::failed: return "failed";
    case JobState::removed: return "removed";
  }
  return "unknown";
}

JobInfo info(const Message& m, const Job& job, bool taken) {
  return {.queue_id = to_string(m.id),
          .sender = message::to_string(m.sender),
          .recipient = message::to_string(job.recipient),
          .state = std::string(state_of(job, taken)),
          .octets = m.octets,
          .accepted = m.accepted,
          .next_attempt = job.next_attempt,
          .attempts = job.attempts,
          .why = job.why,
          .host = job.host,
          .reply = job.reply};
}

bool same_address(const message::Address& address, std::string_view text) {
  return ascii_lower(message::to_string(address)) == ascii_lower(text);
}

}  // namespace

bool fits(const Select& which, const Message& m) {
  if (!which.queue_id.empty() && ascii_lower(which.queue_id) != to_string(m.id)) return false;
  if (which.sender == "<>") return m.sender.null();
  return which.sender.empty() || same_address(m.sender, which.sender);
}

bool fits(const Select& which, const Job& job) {
  if (!which.domain.empty() && ascii_lower(which.domain) != job.recipient.domain) return false;
  return which.recipient.empty() || same_address(job.recipient, which.recipient);
}

namespace {

/// The rows of a range one after the other; a page of them is in memory.
class Rows {
 public:
  Rows(store::Store& store, store::Partition partition, store::Range range)
      : store_(store), partition_(std::move(partition)), rest_(std::move(range)) {}

  /// nullptr: there are no more. Valid until the next call of next().
  Task<Result<const store::Record*>> next() {
    while (at_ >= page_.records.size()) {
      if (!more_) co_return nullptr;
      PH_CO_TRY(page_, co_await store_.scan(partition_, rest_, store::Limits::page_keys));
      at_ = 0;
      more_ = page_.next.has_value();
      if (more_) rest_.begin = *page_.next;
    }
    co_return &page_.records[at_++];
  }

 private:
  store::Store& store_;
  store::Partition partition_;
  store::Range rest_;
  store::Page page_;
  std::size_t at_ = 0;
  bool more_ = true;
};

}  // namespace

/// Reads the messages of a partition in the order of their ids, one at a time, until `visit` says
/// false. What cannot be read is left out: whoever reads the partition into memory reports it.
Task<Result<Done>> MailQueue::walk(HomePtr home, Visit visit) {
  Rows messages(store_, home->partition, {"m/", "m0"}), rows(store_, home->partition, {"r/", "r0"});
  PH_CO_TRY(const store::Record* row, co_await rows.next());
  for (;;) {
    PH_CO_TRY(const store::Record* const one, co_await messages.next());
    if (!one) co_return Done{};
    const std::string id = one->key.substr(2);
    auto message = parse_message(one->value);
    while (row && row->key.compare(2, id.size(), id) < 0) {  // of nobody
      PH_CO_TRY(row, co_await rows.next());
    }
    std::vector<Job> jobs;
    bool readable = true;
    while (row && row->key.compare(2, id.size(), id) == 0) {
      readable = parse_jobs(row->value, jobs).has_value() && readable;
      PH_CO_TRY(row, co_await rows.next());
    }
    const auto parsed = parse_queue_id(id);
    if (!message || !parsed || !readable) continue;
    message->id = *parsed;
    message->jobs = std::move(jobs);
    const bool on = visit(*std::move(message));
    if (!on) co_return Done{};
  }
}

/// All partitions that are not in memory. With homes_turn_ held.
Task<Result<Done>> MailQueue::walk_elsewhere(Visit visit) {
  for (const HomePtr& home : homes()) {
    if (home->loaded) continue;
    PH_CO_TRY([[maybe_unused]] auto walked, co_await walk(home, visit));
  }
  co_return Done{};
}

namespace {

/// The recipients with the lowest ids, no more than `max` and those of the last message.
class Lowest {
 public:
  Lowest(Select which, std::size_t max) : which_(std::move(which)), max_(max) {}

  /// false: whatever has a higher id is not among them either.
  bool add(const Message& m, const std::vector<std::uint32_t>& taken) {
    if (count_ >= max_ && (found_.empty() || found_.rbegin()->first < m.id)) return false;
    if (!fits(which_, m)) return true;
    std::vector<JobInfo> jobs;
    for (std::uint32_t i = 0; i < m.jobs.size() && jobs.size() < max_; ++i)
      if (m.jobs[i].state == JobState::waiting && fits(which_, m.jobs[i]))
        jobs.push_back(info(m, m.jobs[i], has(taken, i)));
    if (jobs.empty()) return true;
    count_ += jobs.size();
    found_[m.id] = std::move(jobs);
    while (count_ - found_.rbegin()->second.size() >= max_) {
      count_ -= found_.rbegin()->second.size();
      found_.erase(std::prev(found_.end()));
    }
    return true;
  }
  std::vector<JobInfo> take() {
    std::vector<JobInfo> all;
    for (auto& [id, jobs] : found_)
      for (JobInfo& job : jobs)
        if (all.size() < max_) all.push_back(std::move(job));
    return all;
  }

 private:
  Select which_;
  std::size_t max_, count_ = 0;
  std::map<QueueId, std::vector<JobInfo>> found_;
};

}  // namespace

/// What is in memory, in the order of ids, until `visit` says false.
void MailQueue::visit_entries(const VisitEntry& visit) const {
  std::optional<QueueId> last;
  for (bool more = true; more;) {
    const std::lock_guard lock(mutex_);  // for some thousand at a time: accept() waits for it
    auto it = last ? entries_.upper_bound(*last) : entries_.begin();
    for (std::size_t n = 0; it != entries_.end() && n < kMoveScanMax; ++it, ++n) {
      last = it->first;
      if (!visit(*it->second)) return;
    }
    more = it != entries_.end();
  }
}

Task<Result<std::vector<JobInfo>>> MailQueue::list(Select which, std::size_t max,
                                                   rt::Instant deadline) {
  Lowest lowest(std::move(which), max);
  if (max == 0) co_return lowest.take();
  PH_CO_TRY([[maybe_unused]] auto ours, co_await stand_still(deadline));
  visit_entries([&](const Entry& entry) { return lowest.add(*entry.message, entry.taken); });
  auto walked = co_await walk_elsewhere(
      [&lowest](const Message& message) { return lowest.add(message, {}); });
  homes_turn_.leave();
  if (!walked) co_return std::unexpected(std::move(walked).error());
  co_return lowest.take();
}

/// One message that is not in memory; null: it is not there. With homes_turn_ held.
Task<Result<std::shared_ptr<const Message>>> MailQueue::read_one(QueueId id) {
  for (const HomePtr& home : homes()) {
    if (home->loaded) continue;
    PH_CO_TRY(const auto there, co_await store_.get(home->partition, {message_key(id)}));
    if (there.empty()) continue;
    PH_CO_TRY(Message message, parse_message(there.front().value));
    message.id = id;
    Rows rows(store_, home->partition, {jobs_key(id, 0), jobs_key(id, 0xffff) + "0"});
    for (;;) {
      PH_CO_TRY(const store::Record* const row, co_await rows.next());
      if (!row) break;
      PH_CO_TRY([[maybe_unused]] auto read, parse_jobs(row->value, message.jobs));
    }
    co_return std::make_shared<const Message>(std::move(message));
  }
  co_return nullptr;
}

Task<Result<std::vector<JobInfo>>> MailQueue::show(std::string queue_id, rt::Instant deadline) {
  PH_CO_TRY(const QueueId id, parse_queue_id(queue_id));
  std::vector<std::uint32_t> taken;
  Result<std::shared_ptr<const Message>> message = nullptr;
  PH_CO_TRY([[maybe_unused]] auto ours, co_await stand_still(deadline));
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found != entries_.end()) {
      message = found->second->message;
      taken = found->second->taken;
    }
  }
  if (!*message) message = co_await read_one(id);
  homes_turn_.leave();
  if (!message) co_return std::unexpected(std::move(message).error());
  if (!*message) co_return fail(Kind::not_found, "no such message in the queue", queue_id);
  const Message& m = **message;
  std::vector<JobInfo> jobs;
  for (std::uint32_t i = 0; i < m.jobs.size(); ++i)
    jobs.push_back(info(m, m.jobs[i], has(taken, i)));
  co_return jobs;
}

namespace {

struct Count {
  Stats stats;
  std::map<std::string, DestinationInfo> destinations;

  void add(const Message& m, const std::vector<std::uint32_t>& taken) {
    ++stats.messages;
    stats.octets += m.octets;
    if (!stats.oldest_accepted || m.accepted < *stats.oldest_accepted)
      stats.oldest_accepted = m.accepted;
    for (std::uint32_t i = 0; i < m.jobs.size(); ++i) {
      const Job& job = m.jobs[i];
      if (job.state != JobState::waiting) continue;
      ++stats.recipients;
      if (job.held || job.kept) ++stats.held;
      if (job.attempts > 0) ++stats.deferred;
      if (has(taken, i))
        ++stats.attempting;
      else if (!job.held && !job.kept &&
               (!stats.next_attempt || job.next_attempt < *stats.next_attempt))
        stats.next_attempt = job.next_attempt;
      const auto known = destinations.find(job.recipient.domain);
      if (known == destinations.end() && destinations.size() >= kDestinationsCountedMax) continue;
      auto& destination = destinations[job.recipient.domain];
      if (destination.recipients++ == 0 || m.accepted < destination.oldest)
        destination.oldest = m.accepted;
    }
  }
};

}  // namespace

Task<Result<Stats>> MailQueue::stats(rt::Instant deadline) {
  Count count;
  PH_CO_TRY([[maybe_unused]] auto ours, co_await stand_still(deadline));
  visit_entries([&count](const Entry& entry) {
    count.add(*entry.message, entry.taken);
    return true;
  });
  auto walked = co_await walk_elsewhere([&count](const Message& message) {
    count.add(message, {});
    return true;
  });
  homes_turn_.leave();
  if (!walked) co_return std::unexpected(std::move(walked).error());
  auto& shown = count.stats.destinations;
  for (auto& [domain, destination] : count.destinations) {
    destination.domain = domain;
    shown.push_back(destination);
  }
  std::ranges::sort(shown, [](const DestinationInfo& a, const DestinationInfo& b) {
    return std::tie(b.recipients, a.domain) < std::tie(a.recipients, b.domain);
  });
  if (shown.size() > kDestinationsShown) shown.resize(kDestinationsShown);
  co_return std::move(count.stats);
}

}  // namespace ph::queue
