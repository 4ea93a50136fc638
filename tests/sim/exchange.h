// Two servers and their clients over virtual days: DNS, network, disks and processes fail by a
// seed, until they do no more.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "sim/dialogue.h"
#include "sim/exchange_story.h"
#include "sim/house.h"
#include "sim/resolver.h"
#include "sim/unsteady_store.h"
#include "store/testing/failing_store.h"

namespace ph::testing {

using namespace std::chrono_literals;

inline constexpr int kClients = 10;

struct Size {
  std::chrono::hours faults;  // virtual time, with faults
  std::chrono::hours drain;   // then without: more than the queue's lifetime
  int messages;               // of each client
};

class Exchange {
 public:
  Exchange(std::uint64_t seed, Size size)
      : world_(seed, options()),
        resolver_(world_),
        random_(seed),
        dns_seed_(random_.below(UINT64_MAX)),
        size_(size) {
    for (const char* name : {"a", "b"}) {
      auto& site = sites_[name];
      site.name = name;
      site.domain = fmt::format("{}.test", name);
      site.host = fmt::format("mx.{}.test", name);
      site.at = *rt::parse_endpoint(fmt::format("10.0.0.{}:25", name[0] == 'a' ? 1 : 2));
      auto opened = store::open("memory:4000000000", "", world_);
      EXPECT_TRUE(opened);
      site.memory = *std::move(opened);
      site.disk = std::make_unique<UnsteadyStore>(*site.memory, world_, world_.executor(),
                                                  random_.below(UINT64_MAX));
      // A dead first host, then the living one.
      resolver_.set_mx(site.domain, {{5, "dead." + site.domain}, {10, site.host}});
      resolver_.set_a("dead." + site.domain, {"10.0.0.99"});
      resolver_.set_a(site.host, {rt::to_string(site.at.ip)});
    }
    resolver_.set_mx("null.test", {{0, "."}});
    resolver_.set_status("broken.test", dns::Status::failed);
    resolver_.set_a("silent.test", {"10.0.0.98"});
    world_.sim_net().silence(*rt::parse_ip("10.0.0.98"));
  }

  Story run() {
    for (auto& [name, site] : sites_) make_accounts(site);
    faults(true);
    for (auto& [name, site] : sites_) {
      world_.spawn(lives(site));
      world_.spawn(weather(site));
    }
    int running = kClients;
    for (int i = 0; i < kClients; ++i) world_.spawn(client(i, running));
    EXPECT_TRUE(world_.run_until([&] { return running == 0; }, size_.faults * 2));
    EXPECT_GE(world_.clock.now() - rt::Instant(), size_.faults);
    faults(false);
    world_.run(size_.drain);
    finish();
    story_.log = world_.sim_log().lines();
    story_.log_lines = world_.sim_log().count();
    story_.digest = world_.sim_log().digest();
    for (const auto& [name, events] : story_.events)
      story_.digest = fnv1a(format_events(events), story_.digest);
    return std::move(story_);
  }

 private:
  struct Site {
    std::string name, domain, host;
    rt::Endpoint at;
    std::unique_ptr<store::Store> memory;
    std::unique_ptr<UnsteadyStore> disk;                  // over memory
    std::unique_ptr<store::testing::FailingStore> store;  // over disk, in this life
    std::unique_ptr<House> house;
    bool over = false;  // no more lives
  };

  static sim::Options options() {
    sim::Options options;
    options.net.segment_octets_max = 4096;
    return options;
  }

  void faults(bool on) {
    failing_ = on;
    world_.sim_net().set_faults({.delay_min = 1ms,
                                 .delay_max = 80ms,
                                 .segment_octets_max = 4096,
                                 .resets_per_million = on ? 3000u : 0u,
                                 .refusals_per_million = on ? 50000u : 0u});
    resolver_.set_faults({.seed = dns_seed_,
                          .failed_per_million = on ? 50000u : 0u,
                          .timed_out_per_million = on ? 20000u : 0u});
    for (auto& [name, site] : sites_) {
      set_fair(site);
      if (!on && site.store) site.store->spare();
    }
  }

  /// As on most days.
  void set_fair(Site& site) {
    world_.sim_net().speak(site.at.ip);
    site.disk->set_faults(
        {.failed_per_million = failing_ ? 200u : 0u, .slow_per_million = failing_ ? 2000u : 0u});
  }

  /// Every few hours something is wrong with a server's disk or line, for some minutes.
  Task<void> weather(Site& site) {  // NOLINT: a member, outlives the world's run
    auto timer = world_.timers.timer(world_.executor());
    while (failing_) {
      const auto fair = 30min + std::chrono::minutes(random_.below(6 * 60));
      auto waited = co_await timer->wait_until(world_.clock.now() + fair);
      static_cast<void>(waited);
      if (!failing_) break;
      switch (random_.below(5)) {
        case 0: site.disk->set_faults({.failed_per_million = 300000}); break;
        case 1: site.disk->set_faults({.slow_per_million = 700000, .slow_max = 20s}); break;
        case 2: site.disk->set_faults({.no_room = true}); break;
        case 3: site.disk->set_faults({.no_floor = true}); break;
        default: world_.sim_net().silence(site.at.ip); ++story_.silences;
      }
      const auto foul = 1min + std::chrono::seconds(random_.below(40 * 60));
      auto endured = co_await timer->wait_until(world_.clock.now() + foul);
      static_cast<void>(endured);
      set_fair(site);
    }
  }

  HouseOptions house_options(const Site& site) {
    HouseOptions options;
    options.hostname = site.host;
    options.trusted = {*rt::parse_network("127.0.0.0/8")};
    options.deliver.relay.hostname = site.host;
    options.deliver.relay.self.names = {site.host};
    return options;
  }

  void make_accounts(Site& site) {
    House house(*site.memory, world_, world_.executor(), resolver_, house_options(site));
    bool done = false;
    world_.spawn([](House& h, std::string domain, bool& finished) -> Task<void> {
      auto& administration = h.identity->administration();
      auto added = co_await administration.add_domain(domain);
      EXPECT_TRUE(added);
      for (int i = 0; i < 3; ++i) {
        auto account =
            co_await administration.add_account(fmt::format("u{}@{}", i, domain), "a password");
        EXPECT_TRUE(account);
      }
      const std::string other = domain == "a.test" ? "b.test" : "a.test";
      auto alias = co_await administration.add_alias(
          "list@" + domain, std::vector<std::string>{"u0@" + domain, "u1@" + other});
      EXPECT_TRUE(alias);
      // Round and round between the servers: seen by Delivered-To.
      auto loop = co_await administration.add_alias("loop@" + domain,
                                                    std::vector<std::string>{"loop@" + other});
      EXPECT_TRUE(loop);
      finished = true;
    }(house, site.domain, done));
    EXPECT_TRUE(world_.run_until([&] { return done; }, 1h));
  }

  /// One life after the other; each ends with the store's death, or when the story is over.
  Task<void> lives(Site& site) {  // NOLINT: a member, outlives the world's run
    auto timer = world_.timers.timer(world_.executor());
    while (!site.over) {
      ++story_.lives;
      const std::uint64_t die = failing_ ? 500 + random_.below(6000) : ~std::uint64_t{0};
      site.store = std::make_unique<store::testing::FailingStore>(
          *site.disk, store::testing::FailingStore::Plan{
                          .at = die, .apply_last = random_.below(2) == 0, .died = [this, &site] {
                            story_.dead[site.name].push_back(world_.clock.wall());
                          }});
      site.house = std::make_unique<House>(*site.store, world_, world_.executor(), resolver_,
                                           house_options(site));
      auto started = co_await site.house->start(site.at);
      while (started && !site.over && !site.store->dead()) {
        auto slept = co_await timer->wait_until(world_.clock.now() + 10s);
        static_cast<void>(slept);
      }
      if (started) co_await site.house->stop();
      // The dead process stays away for a while.
      auto slept = co_await timer->wait_until(world_.clock.now() + 5min);
      static_cast<void>(slept);
      site.house.reset();
    }
    ++ended_;
  }

  /// Sends all its messages, spread over the virtual time; a refusal or a break: once more.
  Task<void> client(int number, int& running) {  // NOLINT: outlives the run
    auto timer = world_.timers.timer(world_.executor());
    Site& site = sites_.at(number % 2 == 0 ? "a" : "b");
    const auto every =
        std::chrono::duration_cast<std::chrono::nanoseconds>(size_.faults) / (size_.messages / 10);
    for (int i = 0; i < size_.messages;) {
      auto slept = co_await timer->wait_until(
          world_.clock.now() +
          std::chrono::nanoseconds(random_.below(2 * static_cast<std::uint64_t>(every.count()))));
      static_cast<void>(slept);
      for (int left = std::min(10, size_.messages - i); left > 0;) {
        const int taken = co_await converse(site, number, left);
        i += taken;
        left -= taken;
        if (left == 0) break;
        auto waited = co_await timer->wait_until(world_.clock.now() + 1min);
        static_cast<void>(waited);
      }
    }
    // What is left of the time passes too.
    const auto rest = rt::Instant() + std::chrono::nanoseconds(size_.faults);
    if (world_.clock.now() < rest) {
      auto slept = co_await timer->wait_until(rest);
      static_cast<void>(slept);
    }
    --running;
  }

  /// One connection, up to `count` messages; how many were accepted. Each try is a message of its
  /// own: what became of one that broke off nobody knows.
  Task<int> converse(Site& site, int number, int count) {  // NOLINT: awaited on the spot
    auto stream = co_await world_.net.connect(site.at, world_.clock.now() + 1min);
    if (!stream) co_return 0;
    net::Connection peer(*std::move(stream));
    int taken = 0;
    int code = co_await reply(peer, world_);
    if (code == 220) code = co_await say(peer, world_, "EHLO client.test\r\n");
    while (code == 250 && taken < count) {
      const Sent sent = pick(fmt::format("{}-{}", number, tries_++), number, site.name, random_);
      code = co_await say(peer, world_, fmt::format("MAIL FROM:<{}>\r\n", sent.sender));
      if (code == 250)
        code = co_await say(peer, world_, fmt::format("RCPT TO:<{}>\r\n", sent.recipient));
      if (code == 250) code = co_await say(peer, world_, "DATA\r\n");
      if (code != 354) break;
      code = co_await say(
          peer, world_,
          fmt::format("Subject: {0}\r\nMessage-ID: <{0}@client.test>\r\n\r\n..dot\r\n{1}\r\n.\r\n",
                      sent.mark, std::string(random_.below(3000), 'x')));
      if (code != 250) break;
      story_.accepted[sent.mark] = sent;
      ++taken;
    }
    co_return taken;
  }

  /// Reads all mailboxes, both queues and both journals.
  void finish() {
    for (auto& [name, site] : sites_) {
      bool done = false;
      ASSERT_TRUE(site.house);
      world_.spawn(read_site(site, done));
      EXPECT_TRUE(world_.run_until([&] { return done; }, 1h));
      site.over = true;
      story_.failed_changes += site.disk->failed();
      story_.without_room += site.disk->without_room();
      story_.late_changes += site.disk->late();
    }
    EXPECT_TRUE(world_.run_until([&] { return ended_ == 2; }, 1h));
    for (auto& [name, site] : sites_) {
      bool done = false;
      world_.spawn(read_journal(site, done));
      EXPECT_TRUE(world_.run_until([&] { return done; }, 1h));
    }
  }

  Task<void> read_site(Site& site, bool& done) {  // NOLINT: outlives the run
    auto queued = co_await site.house->queue.stats(world_.clock.now() + 1min);
    EXPECT_TRUE(queued);
    if (queued) story_.queued += queued->recipients;
    for (const std::string& user : {"u0@", "u1@", "u2@"}) co_await read_mailbox(site, user);
    done = true;
  }

  Task<void> read_mailbox(Site& site, std::string user) {  // NOLINT: awaited on the spot
    const auto address = message::parse_address(user + site.domain);
    auto known =
        co_await site.house->identity->directory().resolve(*address, world_.clock.now() + 1min);
    EXPECT_TRUE(known);
    if (!known) co_return;
    auto& boxes = *site.house->mailboxes;
    auto drop = co_await boxes.lock_maildrop(known->account.id, world_.clock.now() + 1min);
    EXPECT_TRUE(drop);
    if (!drop) co_return;
    for (const auto& message : drop->messages) {
      auto octets =
          co_await boxes.read(drop->token, message.uid, 0, 1 << 20, world_.clock.now() + 1min);
      EXPECT_TRUE(octets);
      if (!octets) continue;
      const bool report = octets->contains("multipart/report");
      const std::string mark = between(*octets, "Message-ID: <", "@client.test>");
      if (mark.empty()) {
        ADD_FAILURE() << *octets;
        continue;
      }
      if (!report)
        ++story_.copies[mark];
      else if (octets->contains("Action: failed"))
        ++story_.reports[mark];
    }
    boxes.unlock(drop->token);
  }

  static std::string between(const std::string& text, std::string_view from, std::string_view to) {
    const auto end = text.rfind(to);  // a report has its own above
    if (end == text.npos) return "";
    const auto at = text.rfind(from, end);
    if (at == text.npos) return "";
    return text.substr(at + from.size(), end - at - from.size());
  }

  /// All blocks of all days: thousands of searches would read them again and again.
  Task<void> read_journal(Site& site, bool& done) {  // NOLINT: outlives the run
    std::multimap<Wall, Event> events;               // of one instant in the order of their blocks
    std::string partition;
    for (;;) {
      auto next = co_await site.memory->list("j/", partition, 1);
      EXPECT_TRUE(next);
      if (!next || next->empty()) break;
      partition = next->front();
      store::Range rest;
      for (bool more = true; more;) {
        auto page = co_await site.memory->scan(partition, rest, store::Limits::page_keys);
        EXPECT_TRUE(page);
        if (!page) break;
        for (const store::Record& block : page->records) {
          if (block.key.starts_with('!')) continue;  // how much there is (docs/formats/journal.md)
          auto some = parse_events(block.value);
          EXPECT_TRUE(some);
          if (!some) continue;
          for (Event& event : *some) {
            const Wall at = event.at;
            events.emplace(at, std::move(event));
          }
        }
        more = page->next.has_value();
        if (more) rest.begin = *page->next;
      }
    }
    for (auto& [at, event] : events) story_.events[site.name].push_back(std::move(event));
    done = true;
  }

  sim::World world_;
  sim::Resolver resolver_;
  sim::Random random_;  // what happens; what the program draws does not change it
  const std::uint64_t dns_seed_;
  Size size_;
  std::map<std::string, Site> sites_;
  Story story_;
  int tries_ = 0;
  bool failing_ = false;
  int ended_ = 0;
};

}  // namespace ph::testing
