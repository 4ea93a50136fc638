#include "journal/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "base/ascii.h"
#include "base/hash.h"
#include "codec/idna.h"

namespace ph::journal {
namespace {

using std::chrono::milliseconds;

std::string block_of(std::string_view origin) { return block_name(fnv1a(origin) % kBlocksPerDay); }
std::string index_prefix(std::uint64_t hash) { return store::ordered(hash) + "/"; }

std::string normal(std::string_view term) {
  term = trimmed(term);
  if (term.size() >= 2 && term.front() == '<' && term.back() == '>')
    term = term.substr(1, term.size() - 2);
  return ascii_lower(term);
}

/// An address of an internationalised domain is on the wire in one spelling and in mailboxes in
/// another: all are looked for.
std::vector<std::string> ways_to_write(std::string term) {
  const std::size_t at = term.rfind('@');
  if (at == std::string::npos) return {std::move(term)};
  std::vector<std::string> out = codec::spellings(term.substr(at + 1));
  for (std::string& domain : out) domain.insert(0, term, 0, at + 1);
  return out;
}

bool concerns(const Event& event, const std::string& term) {
  const std::vector<std::string> words = terms(event);
  return std::ranges::find(words, term) != words.end();
}

/// Oldest first, each once; those of one instant in the order they were found in.
void tidy_up(std::vector<Event>& events) {
  std::vector<std::size_t> order(events.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(events[i].at, i); });
  std::vector<Event> once;
  for (const std::size_t i : order) {
    // Copies of one event have the same instant: compare back to the first of that instant.
    bool seen = false;
    for (auto it = once.rbegin(); it != once.rend() && it->at == events[i].at && !seen; ++it)
      seen = *it == events[i];
    if (!seen) once.push_back(std::move(events[i]));
  }
  events = std::move(once);
}

}  // namespace

std::string block_partition(std::uint32_t day, std::string_view block) {
  return fmt::format("j/{:05}/{}", day, block);
}
std::string index_partition(std::uint32_t day, std::uint64_t slot) {
  return fmt::format("jx/{:05}/{:02x}", day, slot % kIndexSlotsPerDay);
}
std::string block_name(std::uint64_t block) { return fmt::format("{:02x}", block); }

std::vector<std::string> terms(const Event& event) {
  std::vector<std::string> found;
  for (const std::string* text :
       {&event.queue_id, &event.message_id, &event.sender, &event.recipient}) {
    if (text->empty()) continue;
    std::string term = normal(*text);
    if (std::ranges::find(found, term) == found.end()) found.push_back(std::move(term));
  }
  return found;
}

EventJournal::EventJournal(store::Store& store, rt::World& world, rt::Executor executor,
                           Options options)
    : store_(store),
      world_(world),
      executor_(std::move(executor)),
      options_(options),
      timer_(world.timers.timer(executor_)),
      incarnation_(fmt::format("{:013x}{:08x}", unix_ms(world.clock.wall()),
                               world.random.below(std::uint64_t{1} << 32))),
      stopped_(world.timers.timer(executor_)) {}

void EventJournal::note(Event event) {
  world_.log.event(event);
  const std::lock_guard lock(mutex_);
  notes_.push_back(std::move(event));
  if (notes_.size() > kNotesQueuedMax) {
    notes_.pop_front();
    ++dropped_;
  }
  if (std::exchange(idle_, false))
    boost::asio::post(executor_, [timer = timer_] { timer->cancel(); });
}

void EventJournal::start() {
  running_ = true;
  rt::spawn(executor_, write_notes());
}

Task<void> EventJournal::write_notes() {
  milliseconds pause = kNotesFlushEvery;
  while (!stopping_) {
    // With nothing to write nobody wakes up five times a second.
    bool idle = false;
    {
      const std::lock_guard lock(mutex_);
      idle_ = idle = notes_.empty();
    }
    if (idle) {
      auto rung = co_await timer_->wait_until(world_.clock.now() + kIdleMax);
      static_cast<void>(rung);
    }
    if (!stopping_) {
      auto slept = co_await timer_->wait_until(world_.clock.now() + pause);
      static_cast<void>(slept);  // cancelled: finish() wants the rest written now
    }
    auto flushed = co_await flush();
    if (!flushed)
      world_.log.error("journal: events could not be written, trying again", flushed.error());
    pause = flushed ? kNotesFlushEvery : kNotesRetryEvery;
    co_await retain();
  }
  auto last = co_await flush();
  if (!last) world_.log.error("journal: last events could not be written", last.error());
  running_ = false;
  stopped_->cancel();
}

Task<void> EventJournal::finish() {
  stopping_ = true;
  timer_->cancel();
  while (running_) {
    auto woken = co_await stopped_->wait_until(world_.clock.now() + std::chrono::seconds(1));
    static_cast<void>(woken);
  }
}

Task<Result<Done>> EventJournal::flush() {
  for (;;) {
    std::string packed;
    {
      const std::lock_guard lock(mutex_);
      if (dropped_ > 0) {
        notes_.push_front({.at = world_.clock.wall(),
                           .stage = Stage::administer,
                           .outcome = Outcome::failed,
                           .why = fmt::format("{} events were dropped: the store did not take them "
                                              "fast enough",
                                              dropped_)});
        dropped_ = 0;
      }
      if (full_day_ == day_of(world_.clock.wall())) notes_.clear();
      while (!notes_.empty() && packed.size() < kBlockOctetsMax / 2) {
        packed += format_events({notes_.front()});
        in_flight_.push_back(std::move(notes_.front()));
        notes_.pop_front();
      }
    }
    if (packed.empty()) co_return Done{};
    const std::string origin = fmt::format("n/{}/{:08x}", incarnation_, blocks_written_);
    std::vector<EventBlock> blocks;
    blocks.push_back({origin, std::move(packed)});
    auto stored = co_await retire(day_of(world_.clock.wall()), std::move(blocks));
    const std::lock_guard lock(mutex_);
    if (!stored) {  // back to the front, in order
      notes_.insert(notes_.begin(), std::move_iterator(in_flight_.begin()),
                    std::move_iterator(in_flight_.end()));
      in_flight_.clear();
      co_return std::unexpected(std::move(stored).error());
    }
    ++blocks_written_;
    in_flight_.clear();
  }
}

/// `blocks` is the caller's, which waits for us. Gives what the index entries of each block take.
Task<Result<std::vector<std::uint64_t>>> EventJournal::index(
    std::uint32_t day, const std::vector<EventBlock>* blocks) {
  std::vector<std::uint64_t> taken;
  std::map<std::string, std::set<std::string>> postings;  // index partition -> keys
  for (const EventBlock& block : *blocks) {
    PH_CO_TRY(const std::vector<Event> events, parse_events(block.packed));
    const std::string where = block_of(block.origin) + "/" + block.origin;
    std::set<std::string> words;
    for (const Event& event : events)
      for (std::string& term : terms(event)) words.insert(std::move(term));
    for (const std::string& word : words) {
      const std::uint64_t hash = fnv1a(word);
      postings[index_partition(day, hash)].insert(index_prefix(hash) + where);
    }
    taken.push_back(words.size() * (index_prefix(0).size() + where.size() + 1));
  }
  for (auto& [partition, keys] : postings) {
    for (auto key = keys.begin(); key != keys.end();) {
      store::Batch batch;
      batch.settle = false;  // the same puts again are harmless
      for (; key != keys.end() && batch.puts.size() < store::Limits::mutations; ++key)
        batch.puts.push_back({*key, std::string("\1", 1)});
      PH_CO_TRY([[maybe_unused]] auto done,
                co_await store_.commit(partition, std::move(batch), {.prio = 0}));
    }
  }
  co_return taken;
}

Task<Result<Done>> EventJournal::retire(std::uint32_t day, std::vector<EventBlock> blocks) {
  PH_CO_TRY(const std::vector<std::uint64_t> indexed, co_await index(day, &blocks));
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    PH_CHECK(blocks[i].packed.size() <= store::Limits::value_octets);
    const std::uint64_t octets = indexed[i] + blocks[i].origin.size() + blocks[i].packed.size();
    PH_CO_TRY([[maybe_unused]] auto stored, co_await put_block(day, std::move(blocks[i]), octets));
  }
  co_return Done{};
}

Task<Result<Done>> EventJournal::put_block(std::uint32_t day, EventBlock block,
                                           std::uint64_t octets) {
  const std::uint64_t number = fnv1a(block.origin) % kBlocksPerDay;
  const std::string partition = block_partition(day, block_name(number));
  for (std::size_t tries = 0; tries < kBlockTriesMax; ++tries) {
    auto counted = co_await store_.get(partition, {std::string(kOctetsKey)}, {.prio = 0});
    if (!counted && counted.error().kind != Kind::corrupt)
      co_return std::unexpected(std::move(counted).error());
    store::Batch batch;
    batch.settle = false;
    batch.checks.push_back({.key = block.origin, .what = store::Check::What::absent});
    std::uint64_t total = octets;
    if (!counted) {  // a damaged count is replaced by what we remember
      total += known_octets(day, number);
    } else if (counted->empty()) {
      batch.checks.push_back({.key = std::string(kOctetsKey), .what = store::Check::What::absent});
    } else {
      total += parse_count(counted->front().value).value_or(known_octets(day, number));
      batch.checks.push_back({.key = std::string(kOctetsKey),
                              .what = store::Check::What::version,
                              .v = counted->front().version});
    }
    batch.puts.push_back({block.origin, block.packed});
    batch.puts.push_back({std::string(kOctetsKey), store::ordered(total)});
    auto stored = co_await store_.commit(partition, std::move(batch), {.prio = 0});
    if (stored) {
      set_octets(day, number, total);
      co_return Done{};
    }
    if (stored.error().kind != Kind::conflict) co_return std::unexpected(stored.error());
    // Either these events were retired before, or another block was put meanwhile.
    auto before = co_await store_.get(partition, {block.origin}, {.prio = 0});
    if (!before && before.error().kind != Kind::corrupt)
      co_return std::unexpected(std::move(before).error());
    if (!before || !before->empty()) co_return Done{};
  }
  co_return fail(Kind::unavailable, "a block of events found no turn among others", block.origin);
}

Task<Result<std::vector<Event>>> EventJournal::find_indexed(std::string term) {
  const std::uint64_t hash = fnv1a(term);
  const std::uint32_t today = day_of(world_.clock.wall());
  std::vector<Event> found;
  for (std::uint32_t back = 0; back <= options_.retention_days && back <= today; ++back) {
    const std::uint32_t day = today - back;
    const std::string prefix = index_prefix(hash);
    std::string begin = prefix;
    for (bool more = true; more && found.size() < kEventsFoundMax;) {
      PH_CO_TRY(store::Page page,
                co_await store_.scan(index_partition(day, hash),
                                     {begin, prefix.substr(0, prefix.size() - 1) + '0'},
                                     store::Limits::page_keys));
      for (const store::Record& entry : page.records) {
        const std::string_view rest = std::string_view(entry.key).substr(prefix.size());
        const std::size_t slash = rest.find('/');
        if (slash == std::string_view::npos) continue;
        PH_CO_TRY(auto blocks, co_await store_.get(block_partition(day, rest.substr(0, slash)),
                                                   {std::string(rest.substr(slash + 1))}));
        if (blocks.empty()) continue;  // indexed, then a crash before the block: never happened
        auto events = parse_events(blocks.front().value);
        if (!events) {
          world_.log.error("journal: a block of events cannot be read", events.error());
          continue;
        }
        for (Event& event : *events)
          if (concerns(event, term)) found.push_back(std::move(event));
      }
      more = page.next.has_value();
      if (more) begin = *page.next;
    }
  }
  co_return found;
}

Task<Result<std::vector<Event>>> EventJournal::find(std::string term, rt::Instant deadline) {
  std::vector<std::string> ask = ways_to_write(normal(term));
  if (ask.front().empty()) co_return std::vector<Event>{};
  std::set<std::string> asked;
  std::vector<Event> found;
  // First the events that name the term, then everything else of the messages they belong to.
  while (!ask.empty() && asked.size() <= kRelatedIdsMax && found.size() < kEventsFoundMax) {
    if (world_.clock.now() > deadline)
      co_return fail(Kind::timed_out, "the search took longer than its deadline", term);
    const std::string next = std::move(ask.back());
    ask.pop_back();
    if (!asked.insert(next).second) continue;
    // The tail first: an event that is retired meanwhile is seen in one place or in both.
    std::vector<Event> some;
    {
      const std::lock_guard lock(mutex_);
      for (const Event& event : in_flight_)
        if (concerns(event, next)) some.push_back(event);
      for (const Event& event : notes_)
        if (concerns(event, next)) some.push_back(event);
    }
    for (const Tail& tail : tails_) {
      PH_CO_TRY(std::vector<Event> fresh, co_await tail(next));
      std::ranges::move(fresh, std::back_inserter(some));
    }
    PH_CO_TRY(std::vector<Event> indexed, co_await find_indexed(next));
    std::ranges::move(indexed, std::back_inserter(some));
    for (Event& event : some) {
      if (!event.queue_id.empty() && !asked.contains(normal(event.queue_id)))
        ask.push_back(normal(event.queue_id));
      found.push_back(std::move(event));
    }
    std::ranges::sort(ask);
    ask.erase(std::ranges::unique(ask).begin(), ask.end());
  }
  tidy_up(found);
  co_return found;
}

}  // namespace ph::journal
