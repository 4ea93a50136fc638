#include "journal/journal.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sim/world.h"
#include "store/testing/failing_store.h"

namespace ph::journal {
namespace {

using store::testing::FailingStore;

constexpr std::size_t kEvents = 60;

/// Some 30 KiB of events of one message.
EventBlock block_of(const std::string& id) {
  std::vector<Event> events;
  for (std::size_t n = 0; n < kEvents; ++n) {
    events.push_back({.at = wall_of(static_cast<std::int64_t>(n)),
                      .stage = Stage::deliver,
                      .outcome = Outcome::done,
                      .queue_id = id,
                      .recipient = "bob@example.test",
                      .why = std::string(500, 'w')});
  }
  return {"q/00#" + id, format_events(events)};
}

struct Place {
  sim::World world{1};
  std::unique_ptr<store::Store> disk = *store::open("memory:", "", world);
  std::uint32_t today = day_of(world.clock.wall());
  Options options{.retention_days = 10, .octets_max = 1 << 20};

  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    world.spawn([](Task<T> t, std::optional<T>& v) -> Task<void> {
      v.emplace(co_await std::move(t));
    }(std::move(task), value));
    EXPECT_TRUE(world.run_until([&] { return value.has_value(); }));
    return *std::move(value);
  }
  void finish(EventJournal& journal) {
    bool done = false;
    world.spawn([](EventJournal& j, bool& d) -> Task<void> {
      co_await j.finish();
      d = true;
    }(journal, done));
    EXPECT_TRUE(world.run_until([&] { return done; }));
  }
  std::size_t found(EventJournal& journal, const std::string& term) {
    auto events = run(journal.find(term, rt::Instant::max()));
    EXPECT_TRUE(events);
    return events ? events->size() : 0;
  }
  std::vector<std::string> partitions(const std::string& below) {
    return *run(disk->list(below, "", 10000));
  }
  std::vector<std::string> partitions_of(std::uint32_t day) {
    auto all = partitions(fmt::format("j/{:05}/", day));
    for (auto& one : partitions(fmt::format("jx/{:05}/", day))) all.push_back(std::move(one));
    return all;
  }
  /// Keys and values, read from the store itself, without the counts.
  std::uint64_t octets_below(const std::string& prefix) {
    std::uint64_t octets = 0;
    for (const auto& partition : partitions(prefix)) {
      std::string begin;
      for (bool more = true; more;) {
        const auto page = *run(disk->scan(partition, {begin, ""}, 1000));
        for (const auto& row : page.records)
          if (row.key != kOctetsKey) octets += row.key.size() + row.value.size();
        more = page.next.has_value();
        if (more) begin = *page.next;
      }
    }
    return octets;
  }
  std::uint64_t octets_on_disk() { return octets_below("j/") + octets_below("jx/"); }
};

struct JournalTest : ::testing::Test, Place {};

TEST_F(JournalTest, FindsAnAddressInEachSpellingOfItsDomain) {
  EventJournal journal(*disk, world, world.executor(), options);
  journal.start();
  for (const char* recipient : {"Bob@xn--bcher-kva.test", "bob@b\u00fccher.test", "bob@x.test"})
    journal.note({.at = world.clock.wall(),
                  .stage = Stage::deliver,
                  .outcome = Outcome::done,
                  .recipient = recipient});
  finish(journal);
  EventJournal again(*disk, world, world.executor(), options);
  for (const char* term :
       {"bob@xn--bcher-kva.test", "<bob@b\u00fccher.test>", "bob@B\u00dcCHER.test"})
    EXPECT_EQ(found(again, term), 2u) << term;
  EXPECT_EQ(found(again, "bob@x.test"), 1u);
}

TEST_F(JournalTest, CountsWhatIsKeptAndKnowsItAfterARestart) {
  {
    EventJournal journal(*disk, world, world.executor(), options);
    std::vector<EventBlock> blocks;
    for (int n = 0; n < 5; ++n) blocks.push_back(block_of(fmt::format("id{}", n)));
    ASSERT_TRUE(run(journal.retire(today - 1, blocks)));
    EXPECT_EQ(journal.octets(), octets_on_disk());
    ASSERT_TRUE(run(journal.retire(today - 1, blocks)));  // once only, and counted once
    EXPECT_EQ(journal.octets(), octets_on_disk());
    EXPECT_EQ(found(journal, "id3"), kEvents);
  }
  EventJournal journal(*disk, world, world.executor(), options);
  journal.start();
  world.run(std::chrono::minutes(2));
  EXPECT_EQ(journal.octets(), octets_on_disk());
  EXPECT_GT(journal.octets(), 5u * 30'000);
  finish(journal);
}

TEST_F(JournalTest, DropsTheOldestDaysWhenItTakesTooMuch) {
  EventJournal journal(*disk, world, world.executor(), options);
  // Ten blocks of some 34 KB a day: of five days, three fit.
  for (std::uint32_t back = 5; back > 0; --back) {
    std::vector<EventBlock> blocks;
    for (int n = 0; n < 10; ++n) blocks.push_back(block_of(fmt::format("day{}n{}", back, n)));
    ASSERT_TRUE(run(journal.retire(today - back, std::move(blocks))));
  }
  EXPECT_GT(journal.octets(), options.octets_max);
  journal.start();
  world.run(std::chrono::minutes(2));
  for (std::uint32_t back = 5; back > 0; --back) {
    for (int n = 0; n < 10; ++n) {
      const auto id = fmt::format("day{}n{}", back, n);
      EXPECT_EQ(found(journal, id), back > 3 ? 0 : kEvents) << id;
    }
    EXPECT_EQ(partitions_of(today - back).empty(), back > 3) << back;
  }
  EXPECT_LE(octets_on_disk(), options.octets_max);
  EXPECT_EQ(journal.octets(), octets_on_disk());
  EXPECT_TRUE(world.sim_log().has("were dropped"));
  finish(journal);
}

TEST_F(JournalTest, DropsDaysByAgeAsWell) {
  EventJournal journal(*disk, world, world.executor(), options);
  ASSERT_TRUE(run(journal.retire(today - 11, {block_of("old")})));
  ASSERT_TRUE(run(journal.retire(today - 9, {block_of("young")})));
  journal.start();
  world.run(std::chrono::minutes(2));
  EXPECT_TRUE(partitions_of(today - 11).empty());
  EXPECT_EQ(found(journal, "young"), kEvents);
  EXPECT_EQ(journal.octets(), octets_on_disk());
  finish(journal);
}

TEST_F(JournalTest, WhenTodayFillsItAloneOnlyNotesAreLeftOut) {
  EventJournal journal(*disk, world, world.executor(), options);
  for (int n = 0; n < 40; ++n)
    ASSERT_TRUE(run(journal.retire(today, {block_of(fmt::format("id{}", n))})));
  journal.start();
  world.run(std::chrono::minutes(2));
  EXPECT_EQ(found(journal, "id0"), kEvents) << "today stays";
  EXPECT_TRUE(world.sim_log().has("until tomorrow only those of messages are kept"));
  const auto before = octets_on_disk();
  const auto flood = [&] {
    return Event{.at = world.clock.wall(), .stage = Stage::connect, .recipient = "n@flood.test"};
  };
  for (int n = 0; n < 100; ++n) journal.note(flood());
  world.run(std::chrono::minutes(2));
  EXPECT_EQ(found(journal, "n@flood.test"), 0u);
  EXPECT_EQ(octets_on_disk(), before);
  ASSERT_TRUE(run(journal.retire(today, {block_of("message")})));
  EXPECT_EQ(found(journal, "message"), kEvents);
  // Tomorrow it is an old day like others, and there is room for notes again.
  world.sim_clock().jump_wall(std::chrono::days(1));
  world.run(std::chrono::minutes(2));
  journal.note(flood());
  world.run(std::chrono::minutes(2));
  EXPECT_EQ(found(journal, "id0"), 0u);
  EXPECT_EQ(found(journal, "n@flood.test"), 1u);
  finish(journal);
}

TEST_F(JournalTest, WritersOfOneBlockPartitionCountEachOther) {
  EventJournal journal(*disk, world, world.executor(), options);
  std::size_t done = 0;
  for (int n = 0; n < 20; ++n) {
    world.spawn([](EventJournal& j, std::uint32_t day, int which, std::size_t& d) -> Task<void> {
      auto retired = co_await j.retire(day, {block_of(fmt::format("id{}", which))});
      EXPECT_TRUE(retired);
      ++d;
    }(journal, today, n, done));
  }
  ASSERT_TRUE(world.run_until([&] { return done == 20; }));
  EXPECT_EQ(journal.octets(), octets_on_disk());
}

/// One life of a process that dies at change `at`, and the next. True: it lived to the end.
bool live_and_die(std::uint64_t at, bool apply_last) {
  Place place;
  place.options.octets_max = 170'000;  // of three days, two fit
  FailingStore mortal(*place.disk, {at, apply_last});
  std::vector<std::string> acknowledged;
  {
    EventJournal journal(mortal, place.world, place.world.executor(), place.options);
    for (std::uint32_t back = 3; back > 0; --back) {
      for (int n = 0; n < 2; ++n) {
        const auto id = fmt::format("day{}n{}", back, n);
        if (place.run(journal.retire(place.today - back, {block_of(id)})) && back == 1)
          acknowledged.push_back(id);
      }
    }
    journal.start();
    place.world.run(std::chrono::seconds(90));
    place.finish(journal);
  }
  EventJournal journal(*place.disk, place.world, place.world.executor(), place.options);
  journal.start();
  place.world.run(std::chrono::minutes(2));
  // No block is left out of the count. An index entry may be: of a block that was not acknowledged.
  EXPECT_GE(journal.octets(), place.octets_below("j/"));
  EXPECT_LE(journal.octets(), place.options.octets_max);
  for (const auto& id : acknowledged) EXPECT_EQ(place.found(journal, id), kEvents) << id;
  // Whoever retired what was not acknowledged retires it again: once only, and counted.
  for (int n = 0; n < 2; ++n) {
    const auto id = fmt::format("day1n{}", n);
    EXPECT_TRUE(place.run(journal.retire(place.today - 1, {block_of(id)})));
    EXPECT_EQ(place.found(journal, id), kEvents) << id;
  }
  if (!mortal.dead()) {
    EXPECT_TRUE(place.partitions_of(place.today - 3).empty());
  }
  place.finish(journal);
  return !mortal.dead();
}

TEST(JournalCrash, DyingAtAnyChangeLeavesTheCountWhole) {
  for (const bool apply_last : {false, true}) {
    std::uint64_t at = 0;
    bool lived = false;
    for (; !lived && at < 1000; ++at) {
      SCOPED_TRACE(fmt::format("change {}, {}", at, apply_last ? "applied" : "not applied"));
      lived = live_and_die(at, apply_last);
      if (::testing::Test::HasFailure()) return;
    }
    EXPECT_TRUE(lived);
    EXPECT_GT(at, 20u);
  }
}

}  // namespace
}  // namespace ph::journal
