// How the queue's partitions come and go: opened ahead of need, taken over at start-up, read into
// memory when they are due, dropped when drained.
#include <fmt/format.h>

#include <charconv>

#include "base/record.h"
#include "queue/home.h"

namespace ph::queue {
namespace {

constexpr char kNextKey[] = "next";
/// The "hour" of what is held: it never comes.
constexpr std::uint32_t kHeldHour = 0xffffff;
/// Messages of one hour in one partition; with their rows well under partition_keys_soft.
constexpr std::size_t kMessagesPerHourPart = 15000;

std::uint32_t hex(std::string_view digits) {
  std::uint32_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

}  // namespace

store::Partition catalogue_partition() { return "q/00"; }
store::Partition generation_partition(std::uint8_t lane, std::uint32_t number) {
  return fmt::format("q/00/{:02x}/{:06x}", lane, number);
}
store::Partition due_partition(std::uint32_t hour, std::uint32_t number) {
  return fmt::format("q/00/due/{:06x}/{:06x}", hour, number);
}
std::string partition_of(const QueueId& id) { return generation_partition(id.lane, id.generation); }
std::string message_key(const QueueId& id) { return "m/" + to_string(id); }
std::string jobs_key(const QueueId& id, std::size_t row) {
  return fmt::format("r/{}/{:04x}", to_string(id), row);
}
std::string event_key(const QueueId& id, std::size_t row) {
  return fmt::format("e/{}/{:04x}", to_string(id), row);
}
std::size_t row_of(std::string_view key) { return hex(key.substr(key.rfind('/') + 1)); }
std::string holder_in(const store::Partition& partition, const QueueId& id) {
  return partition + "\t" + message_key(id);
}
std::uint32_t hour_of(Wall at) {
  if (at == Wall::max()) return kHeldHour;
  return static_cast<std::uint32_t>(
      std::chrono::floor<std::chrono::hours>(at).time_since_epoch().count());
}

Task<Result<Done>> MailQueue::take_over(HomePtr home) {
  store::Batch batch;
  batch.puts.push_back({kEpochKey, RecordWriter(1).take()});
  PH_CO_TRY(store::Committed done, co_await store_.commit(home->partition, std::move(batch)));
  home->epoch = done.version;
  co_return Done{};
}

/// Opens a partition with a number of its own. Catalogue first: one that nobody knows of could hold
/// mail that nobody finds.
Task<Result<MailQueue::HomePtr>> MailQueue::open_home(HomePtr home, std::string place) {
  {
    const std::lock_guard lock(mutex_);
    home->number = next_number_++;
  }
  if (home->number > kGenerationMax)
    co_return fail(Kind::over_limit, "the queue's partition numbers are used up");
  home->partition = fmt::format("q/00/{}/{:06x}", place, home->number);
  home->catalogue = fmt::format("{}/{:06x}", place, home->number);
  store::Batch batch;
  batch.puts.push_back({home->catalogue, RecordWriter(1).take()});
  batch.puts.push_back({kNextKey, RecordWriter(1).number(1, home->number + 1).take()});
  PH_CO_TRY([[maybe_unused]] auto listed,
            co_await store_.commit(catalogue_partition(), std::move(batch)));
  PH_CO_TRY([[maybe_unused]] auto ours, co_await take_over(home));
  co_return home;
}

Task<Result<MailQueue::HomePtr>> MailQueue::open_generation(std::uint8_t lane) {
  co_return co_await open_home(std::make_shared<Home>(), fmt::format("{:02x}", lane));
}

Task<void> MailQueue::open_next(std::uint8_t lane) {
  auto opened = co_await open_generation(lane);
  if (!opened) world_.log.error("queue: no new generation could be opened", opened.error());
  const std::lock_guard lock(mutex_);
  lanes_[lane].opening = false;  // the next reserve() tries again
  if (!opened) co_return;
  generations_.emplace(std::pair(lane, (*opened)->number), *opened);
  (lanes_[lane].current ? lanes_[lane].next : lanes_[lane].current) = *opened;
}

/// The partition that takes messages for this hour now. Housekeeping only.
Task<Result<MailQueue::HomePtr>> MailQueue::due_home(std::uint32_t hour) {
  {
    const std::lock_guard lock(mutex_);
    const auto after = hours_.lower_bound({hour + 1, 0});
    if (after != hours_.begin() && std::prev(after)->first.first == hour) {
      const HomePtr last = std::prev(after)->second;
      if (last->messages < kMessagesPerHourPart) co_return last;
    }
  }
  auto home = std::make_shared<Home>();
  home->generation = false;
  home->hour = hour;
  home->loaded = false;
  PH_CO_TRY(home, co_await open_home(std::move(home), fmt::format("due/{:06x}", hour)));
  const std::lock_guard lock(mutex_);
  hours_.emplace(std::pair(hour, home->number), home);
  co_return home;
}

std::vector<MailQueue::HomePtr> MailQueue::homes() const {
  std::vector<HomePtr> all;
  const std::lock_guard lock(mutex_);
  for (const auto& [where, home] : generations_) all.push_back(home);
  for (const auto& [where, home] : hours_) all.push_back(home);
  return all;
}

Task<Result<Done>> MailQueue::open() {
  std::vector<std::pair<std::uint8_t, HomePtr>> fresh;
  std::string begin;
  for (bool more = true; more;) {
    PH_CO_TRY(store::Page page,
              co_await store_.scan(catalogue_partition(), {begin, {}}, store::Limits::page_keys));
    for (const store::Record& row : page.records) {
      const std::string_view key = row.key;  // "<lane>/<number>", "due/<hour>/<number>"
      auto home = std::make_shared<Home>();
      home->catalogue = row.key;
      home->open = false;
      home->loaded = false;
      if (row.key == kNextKey) {
        PH_CO_TRY(RecordReader reader, RecordReader::open(row.value, 1));
        while (reader.next())
          if (reader.tag() == 1) next_number_ = static_cast<std::uint32_t>(reader.number());
        continue;
      }
      home->partition = "q/00/" + row.key;
      home->number = hex(key.substr(key.rfind('/') + 1));
      if (key.starts_with("due/")) {
        home->generation = false;
        home->hour = hex(key.substr(4, 6));
        home->messages = kMessagesPerHourPart;  // not counted yet: no more into it
        hours_.emplace(std::pair(home->hour, home->number), std::move(home));
      } else {
        fresh.emplace_back(static_cast<std::uint8_t>(hex(key.substr(0, 2))), std::move(home));
      }
    }
    more = page.next.has_value();
    if (more) begin = *page.next;
  }
  for (const auto& [lane, home] : fresh) generations_.emplace(std::pair(lane, home->number), home);
  // All are ours before any is read; a move that was under way is finished or forgotten first, so
  // that no message is read twice.
  for (const HomePtr& home : homes()) {
    PH_CO_TRY([[maybe_unused]] auto ours, co_await take_over(home));
  }
  for (const HomePtr& home : homes()) {
    PH_CO_TRY([[maybe_unused]] auto moved, co_await finish_move(home));
  }
  for (const auto& [lane, home] : fresh) {
    PH_CO_TRY([[maybe_unused]] auto loaded, co_await load_home(home));
  }
  PH_CO_TRY([[maybe_unused]] auto due, co_await load_due(world_.clock.wall() + kLoadAhead));
  PH_CO_TRY([[maybe_unused]] auto early, co_await load_early());
  for (std::uint8_t lane = 0; lane < kLanes; ++lane) {
    PH_CO_TRY(auto home, co_await open_generation(lane));
    const std::lock_guard lock(mutex_);
    generations_.emplace(std::pair(lane, home->number), home);
    lanes_[lane].current = home;
  }
  co_return Done{};
}

/// Everything in a partition. What cannot be read stays where it is, and is reported.
Task<Result<MailQueue::StoredMessages>> MailQueue::read_home(HomePtr home) {
  StoredMessages messages;
  std::map<QueueId, std::vector<Job>> jobs;
  std::string begin;
  for (bool more = true; more;) {
    PH_CO_TRY(store::Page page,
              co_await store_.scan(home->partition, {begin, {}}, store::Limits::page_keys));
    for (const store::Record& row : page.records) {
      if (row.key == kRetiredKey) {
        PH_CO_TRY(RecordReader reader, RecordReader::open(row.value, 1));
        while (reader.next())
          if (reader.tag() == 1) home->retired_groups = reader.number();
      }
      if (row.key.starts_with('!')) continue;
      const auto id = parse_queue_id(std::string_view(row.key).substr(2, 16));
      Result<Done> read = Done{};
      if (!id) {
        read = std::unexpected(id.error());
      } else if (row.key.starts_with("e/")) {
        messages[*id].event_rows.push_back({row.key, row.value.size()});
      } else if (row.key.starts_with("r/")) {
        read = parse_jobs(row.value, jobs[*id]);
      } else if (row.key.starts_with("m/")) {
        auto message = parse_message(row.value);
        if (message) {
          message->id = *id;
          messages[*id].message = std::make_shared<Message>(*std::move(message));
        } else {
          read = std::unexpected(std::move(message).error());
        }
      }
      // One damaged row must not stop the rest: it stays where it is, fenced off, and is reported.
      if (!read)
        world_.log.error("queue: damaged row left aside: " + home->partition + " " + row.key,
                         read.error());
    }
    more = page.next.has_value();
    if (more) begin = *page.next;
  }
  for (auto& [id, stored] : messages)
    if (stored.message) stored.message->jobs = std::move(jobs[id]);
  co_return messages;
}

/// With homes_turn_ held, or before anybody else is there.
Task<Result<Done>> MailQueue::load_home(HomePtr home) {
  PH_CO_TRY(StoredMessages messages, co_await read_home(home));
  const std::lock_guard lock(mutex_);
  if (!home->generation) home->messages = messages.size();
  home->loaded = true;
  for (auto& [id, stored] : messages) {
    if (!stored.message) {  // only its events are left
      for (const EventRow& row : stored.event_rows) home->unretired.emplace(row.key, row.octets);
      continue;
    }
    enter_stored(home, id, std::move(stored));
  }
  co_return Done{};
}

/// Under mutex_.
void MailQueue::enter_stored(const HomePtr& home, const QueueId& id, Stored stored) {
  ++home->live;
  if (stored.message->settled()) {  // its recipients' rows are damaged: keep it, do nothing
    world_.log.write(rt::Level::error, "queue: a message without readable recipients is kept aside",
                     {{"id", to_string(id)}});
    return;
  }
  auto entry = std::make_shared<Entry>();
  entry->message = std::move(stored.message);
  entry->home = home;
  entry->event_rows = std::move(stored.event_rows);
  schedule(id, *entries_.insert_or_assign(id, std::move(entry)).first->second);
}

/// Messages that nobody could reach since they were set aside; the others of the partition are at
/// work and stay as they are.
Task<Result<Done>> MailQueue::load_again(HomePtr home, std::vector<QueueId> ids) {
  PH_CO_TRY(StoredMessages messages, co_await read_home(home));
  const std::lock_guard lock(mutex_);
  for (const QueueId& id : ids) {
    const auto found = messages.find(id);
    if (found != messages.end() && found->second.message && !entries_.contains(id))
      enter_stored(home, id, std::move(found->second));
  }
  co_return Done{};
}

/// Reads into memory what is due by `until`, earliest first, as far as there is room. With
/// homes_turn_ held.
Task<Result<Done>> MailQueue::load_due(Wall until) {
  for (;;) {
    HomePtr next;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [where, home] : hours_) {
        if (home->hour > hour_of(until)) break;
        if (home->loaded || home->awaited) continue;
        next = home;
        break;
      }
      if (!next || entries_.size() >= limits_.loaded_max) co_return Done{};
    }
    PH_CO_TRY([[maybe_unused]] auto loaded, co_await load_home(next));
  }
}

/// Partitions with messages that are due before their hour.
Task<Result<Done>> MailQueue::load_early() {
  for (const HomePtr& home : homes()) {
    if (home->generation) continue;
    PH_CO_TRY(const auto marks, co_await store_.get(home->partition, {kEarlyKey}));
    home->early = !marks.empty();
    if (!home->early || home->loaded || messages() >= limits_.loaded_max) continue;
    PH_CO_TRY([[maybe_unused]] auto loaded, co_await load_home(home));
  }
  co_return Done{};
}

Task<Result<Done>> MailQueue::drop_home(HomePtr home) {
  // Only the owner may: a take-over is noticed here.
  if (!home->closed) {
    store::Batch last;
    last.puts.push_back({kEpochKey, std::nullopt});
    PH_CO_TRY([[maybe_unused]] auto ours, co_await commit(home, std::move(last)));
    home->closed = true;
  }
  // Contents first, then the catalogue: an empty partition in the catalogue does no harm.
  PH_CO_TRY([[maybe_unused]] auto dropped, co_await store_.drop(home->partition, std::nullopt));
  store::Batch batch;
  batch.puts.push_back({home->catalogue, std::nullopt});
  PH_CO_TRY([[maybe_unused]] auto forgotten,
            co_await store_.commit(catalogue_partition(), std::move(batch)));
  const std::lock_guard lock(mutex_);
  std::erase_if(generations_, [&](const auto& one) { return one.second == home; });
  std::erase_if(hours_, [&](const auto& one) { return one.second == home; });
  co_return Done{};
}

}  // namespace ph::queue
