// How the queue's partitions come and go: opened ahead of need, taken over at start-up, dropped
// when drained.
#include <fmt/format.h>

#include <charconv>

#include "base/record.h"
#include "queue/generation.h"

namespace ph::queue {
namespace {

constexpr char kNextKey[] = "next";

std::string catalogue_key(std::uint8_t lane, std::uint32_t number) {
  return fmt::format("g/{:02x}/{:06x}", lane, number);
}

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
std::string partition_of(const QueueId& id) { return generation_partition(id.lane, id.generation); }
std::string message_key(const QueueId& id) { return fmt::format("m/{:08x}", id.seq); }
std::string jobs_key(std::uint32_t seq, std::size_t row) {
  return fmt::format("r/{:08x}/{:04x}", seq, row);
}
std::string event_key(std::uint32_t seq, std::size_t row) {
  return fmt::format("e/{:08x}/{:04x}", seq, row);
}
std::uint32_t seq_of(std::string_view key) { return hex(key.substr(2, 8)); }

Task<Result<store::Version>> MailQueue::take_over(store::Partition partition) {
  store::Batch batch;
  batch.puts.push_back({kEpochKey, RecordWriter(1).take()});
  PH_CO_TRY(store::Committed done, co_await store_.commit(partition, std::move(batch)));
  co_return done.version;
}

Task<Result<std::shared_ptr<MailQueue::Generation>>> MailQueue::open_generation(std::uint8_t lane) {
  std::uint32_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = next_generation_++;
  }
  if (number > kGenerationMax)
    co_return fail(Kind::over_limit, "queue generation numbers are used up");
  // Catalogue first: a generation that nobody knows of could hold mail that nobody finds.
  store::Batch batch;
  batch.puts.push_back({catalogue_key(lane, number), RecordWriter(1).take()});
  batch.puts.push_back({kNextKey, RecordWriter(1).number(1, number + 1).take()});
  PH_CO_TRY([[maybe_unused]] auto listed,
            co_await store_.commit(catalogue_partition(), std::move(batch)));
  auto generation = std::make_shared<Generation>();
  generation->lane = lane;
  generation->number = number;
  generation->partition = generation_partition(lane, number);
  PH_CO_TRY(generation->epoch, co_await take_over(generation->partition));
  co_return generation;
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

Task<Result<Done>> MailQueue::open() {
  std::vector<std::pair<std::uint8_t, std::uint32_t>> known;
  std::string begin;
  for (bool more = true; more;) {
    PH_CO_TRY(store::Page page,
              co_await store_.scan(catalogue_partition(), {begin, {}}, store::Limits::page_keys));
    for (const store::Record& row : page.records) {
      if (row.key.starts_with("g/")) {
        known.emplace_back(static_cast<std::uint8_t>(hex(std::string_view(row.key).substr(2, 2))),
                           hex(std::string_view(row.key).substr(5)));
      } else if (row.key == kNextKey) {
        PH_CO_TRY(RecordReader reader, RecordReader::open(row.value, 1));
        while (reader.next())
          if (reader.tag() == 1) next_generation_ = static_cast<std::uint32_t>(reader.number());
      }
    }
    more = page.next.has_value();
    if (more) begin = *page.next;
  }
  for (const auto& [lane, number] : known) {
    PH_CO_TRY([[maybe_unused]] auto loaded, co_await load_generation(lane, number));
  }
  for (std::uint8_t lane = 0; lane < kLanes; ++lane) {
    PH_CO_TRY(auto generation, co_await open_generation(lane));
    const std::lock_guard lock(mutex_);
    generations_.emplace(std::pair(lane, generation->number), generation);
    lanes_[lane].current = generation;
  }
  co_return Done{};
}

Task<Result<Done>> MailQueue::load_generation(std::uint8_t lane, std::uint32_t number) {
  auto generation = std::make_shared<Generation>();
  generation->lane = lane;
  generation->number = number;
  generation->open = false;
  generation->partition = generation_partition(lane, number);
  PH_CO_TRY(generation->epoch, co_await take_over(generation->partition));

  std::map<std::uint32_t, std::shared_ptr<Message>> messages;
  std::map<std::uint32_t, std::vector<EventRow>> event_rows;
  std::map<std::uint32_t, std::vector<Job>> jobs;
  std::string begin;
  for (bool more = true; more;) {
    PH_CO_TRY(store::Page page,
              co_await store_.scan(generation->partition, {begin, {}}, store::Limits::page_keys));
    for (const store::Record& row : page.records) {
      if (row.key == kRetiredKey) {
        PH_CO_TRY(RecordReader reader, RecordReader::open(row.value, 1));
        while (reader.next())
          if (reader.tag() == 1) generation->retired_groups = reader.number();
      }
      if (row.key.starts_with('!')) continue;  // a plan to retire is found by retire_some()
      const std::uint32_t seq = seq_of(row.key);
      Result<Done> read = Done{};
      if (row.key.starts_with("e/")) {
        event_rows[seq].push_back({row.key, row.value.size()});
      } else if (row.key.starts_with("r/")) {
        read = parse_jobs(row.value, jobs[seq]);
      } else if (row.key.starts_with("m/")) {
        auto message = parse_message(row.value);
        if (message)
          messages[seq] = std::make_shared<Message>(*std::move(message));
        else
          read = std::unexpected(std::move(message).error());
      }
      // One damaged row must not stop the rest: it stays where it is, fenced off, and is reported.
      if (!read)
        world_.log.error("queue: damaged row left aside: " + generation->partition + " " + row.key,
                         read.error());
    }
    more = page.next.has_value();
    if (more) begin = *page.next;
  }
  const std::lock_guard lock(mutex_);
  for (auto& [seq, message] : messages) {
    message->id = {
        .day = message->id.day, .shard = 0, .lane = lane, .generation = number, .seq = seq};
    message->jobs = std::move(jobs[seq]);
    jobs.erase(seq);
    ++generation->live;
    if (message->settled()) {  // its recipients' rows are damaged: keep it, do nothing
      world_.log.write(rt::Level::error,
                       "queue: a message without readable recipients is kept aside",
                       {{"id", to_string(message->id)}});
      continue;
    }
    due_.emplace(*next_attempt(*message), message->id);
    entries_.emplace(message->id, Entry{message, generation, std::move(event_rows[seq]), false});
    event_rows.erase(seq);
  }
  for (const auto& [seq, rows] : event_rows)
    if (!messages.contains(seq))
      for (const EventRow& row : rows) generation->unretired.emplace(row.key, row.octets);
  generations_.emplace(std::pair(lane, number), generation);
  co_return Done{};
}

Task<Result<Done>> MailQueue::drop_generation(std::shared_ptr<Generation> generation) {
  // Contents first, then the catalogue: an empty generation in the catalogue does no harm.
  PH_CO_TRY([[maybe_unused]] auto dropped,
            co_await store_.drop(generation->partition, std::nullopt));
  store::Batch batch;
  batch.puts.push_back({catalogue_key(generation->lane, generation->number), std::nullopt});
  PH_CO_TRY([[maybe_unused]] auto forgotten,
            co_await store_.commit(catalogue_partition(), std::move(batch)));
  const std::lock_guard lock(mutex_);
  generations_.erase({generation->lane, generation->number});
  co_return Done{};
}

}  // namespace ph::queue
