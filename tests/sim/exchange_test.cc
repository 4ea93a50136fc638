// Two servers and their clients over virtual days: DNS, network and stores fail by a seed. Each
// message that was accepted is delivered, reported to its sender, or still queued; when the faults
// stop the queues drain; and the same seed tells the same story.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "sim/house.h"
#include "sim/resolver.h"
#include "store/testing/failing_store.h"

namespace ph::testing {
namespace {

using namespace std::chrono_literals;

constexpr int kClients = 10;

struct Size {
  std::chrono::hours faults;  // virtual time, with faults
  std::chrono::hours drain;   // then without: more than the queue's lifetime
  int messages;               // of each client
};

/// What a client's message is to become.
enum class Fate : std::uint8_t { delivered, bounced };

struct Sent {
  std::string mark;
  std::string sender, recipient;
  Fate fate = Fate::delivered;
};

struct Site {
  std::string domain, host;
  rt::Endpoint at;
  std::unique_ptr<store::Store> disk;
  std::unique_ptr<store::testing::FailingStore> store;  // of this life
  std::unique_ptr<House> house;
  int lives = 0;
  bool over = false;  // no more lives
};

struct Story {
  std::map<std::string, Sent> accepted;        // by mark
  std::map<std::string, int> copies, reports;  // by mark
  int lives = 0;
  std::size_t queued = 0;
  std::vector<std::string> log;
};

class Exchange {
 public:
  Exchange(std::uint64_t seed, Size size)
      : world_(seed, options()), resolver_(world_), size_(size) {
    for (const char* name : {"a", "b"}) {
      auto& site = sites_[name];
      site.domain = fmt::format("{}.test", name);
      site.host = fmt::format("mx.{}.test", name);
      site.at = *rt::parse_endpoint(fmt::format("10.0.0.{}:25", name[0] == 'a' ? 1 : 2));
      auto opened = store::open("memory:4000000000", "", world_);
      EXPECT_TRUE(opened);
      site.disk = *std::move(opened);
      // A dead first host, then the living one.
      resolver_.set_mx(site.domain, {{5, "dead." + site.domain}, {10, site.host}});
      resolver_.set_a("dead." + site.domain, {"10.0.0.99"});
      resolver_.set_a(site.host, {rt::to_string(site.at.ip)});
    }
    resolver_.set_mx("null.test", {{0, "."}});
    resolver_.set_status("broken.test", dns::Status::failed);
    resolver_.set_a("silent.test", {"10.0.0.98"});
  }

  Story run() {
    for (auto& [name, site] : sites_) make_accounts(site);
    for (auto& [name, site] : sites_) world_.spawn(lives(site));
    faults(true);
    int running = kClients;
    for (int i = 0; i < kClients; ++i) world_.spawn(client(i, running));
    EXPECT_TRUE(world_.run_until([&] { return running == 0; }, size_.faults * 2));
    EXPECT_GE(world_.clock.now() - rt::Instant(), size_.faults);
    faults(false);
    world_.run(size_.drain);
    finish();
    story_.log = world_.sim_log().lines();
    return std::move(story_);
  }

 private:
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
    resolver_.set_faults({.seed = 7,
                          .failed_per_million = on ? 50000u : 0u,
                          .timed_out_per_million = on ? 20000u : 0u});
  }

  HouseOptions house_options(const Site& site) {
    HouseOptions options;
    options.hostname = site.host;
    options.trusted = {*rt::parse_network("127.0.0.0/8")};
    options.deliver.relay.hostname = site.host;
    options.deliver.relay.self.names = {site.host};
    return options;
  }

  void until(bool& done) {
    EXPECT_TRUE(world_.run_until([&] { return done; }, 1h));
  }

  void make_accounts(Site& site) {
    House house(*site.disk, world_, world_.executor(), resolver_, house_options(site));
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
    until(done);
  }

  /// One life after the other; each ends with the store's death, or when the story is over.
  Task<void> lives(Site& site) {  // NOLINT: a member, outlives the world's run
    auto timer = world_.timers.timer(world_.executor());
    while (!site.over) {
      ++site.lives;
      const std::uint64_t die = failing_ ? 500 + world_.random.below(20000) : ~std::uint64_t{0};
      site.store = std::make_unique<store::testing::FailingStore>(
          *site.disk,
          store::testing::FailingStore::Plan{.at = die, .apply_last = world_.random.below(2) == 0});
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

  Task<int> reply(net::Connection& peer) {  // NOLINT: awaited on the spot
    for (;;) {
      const std::string_view input = peer.input();
      std::size_t at = 0;
      for (;;) {
        const std::size_t end = input.find("\r\n", at);
        if (end == std::string_view::npos) break;
        const std::string_view line = input.substr(at, end - at);
        at = end + 2;
        if (line.size() >= 4 && line[3] == ' ') {
          const int code = std::stoi(std::string(line.substr(0, 3)));
          peer.consume(at);
          co_return code;
        }
      }
      auto more = co_await peer.receive(world_.clock.now() + 10min);
      if (!more) co_return 0;
    }
  }

  Task<int> say(net::Connection& peer, std::string octets) {  // NOLINT: awaited on the spot
    auto sent = co_await peer.send(std::move(octets), world_.clock.now() + 10min);
    if (!sent) co_return 0;
    co_return co_await reply(peer);
  }

  /// Each try is a message of its own: what became of one that broke off nobody knows.
  Sent pick(int number) {
    const std::string home = number % 2 == 0 ? "a.test" : "b.test";
    const std::string away = number % 2 == 0 ? "b.test" : "a.test";
    Sent sent{.mark = fmt::format("{}-{}", number, tries_++),
              .sender = fmt::format("u{}@{}", number % 3, home),
              .recipient = {}};
    switch (world_.random.below(20)) {
      case 0:
        sent.recipient = "nobody@" + away;
        sent.fate = Fate::bounced;
        break;
      case 1:
        sent.recipient = "x@nowhere.test";
        sent.fate = Fate::bounced;
        break;
      case 2:
        sent.recipient = "x@null.test";
        sent.fate = Fate::bounced;
        break;
      case 3:
        sent.recipient = "x@broken.test";
        sent.fate = Fate::bounced;
        break;
      case 4:
        sent.recipient = "x@silent.test";
        sent.fate = Fate::bounced;
        break;
      case 5:
        sent.recipient = "loop@" + home;
        sent.fate = Fate::bounced;
        break;
      case 6: sent.recipient = "list@" + home; break;
      case 7: sent.recipient = "u2@" + home; break;
      default: sent.recipient = fmt::format("u{}@{}", world_.random.below(3), away);
    }
    return sent;
  }

  /// Sends all its messages, spread over the virtual time; a refusal or a break: once more.
  Task<void> client(int number, int& running) {  // NOLINT: outlives the run
    auto timer = world_.timers.timer(world_.executor());
    Site& site = sites_.at(number % 2 == 0 ? "a" : "b");
    const auto every =
        std::chrono::duration_cast<std::chrono::nanoseconds>(size_.faults) / (size_.messages / 10);
    for (int i = 0; i < size_.messages;) {
      auto slept = co_await timer->wait_until(world_.clock.now() +
                                              std::chrono::nanoseconds(world_.random.below(
                                                  2 * static_cast<std::uint64_t>(every.count()))));
      static_cast<void>(slept);
      for (const int end = i + 10; i < end && i < size_.messages;) {
        auto stream = co_await world_.net.connect(site.at, world_.clock.now() + 1min);
        int code = 0;
        std::optional<net::Connection> peer;
        if (stream) {
          peer.emplace(*std::move(stream));
          code = co_await reply(*peer);
          if (code == 220) code = co_await say(*peer, "EHLO client.test\r\n");
        }
        while (code == 250 && i < end) {
          const Sent sent = pick(number);
          code = co_await say(*peer, fmt::format("MAIL FROM:<{}>\r\n", sent.sender));
          if (code == 250)
            code = co_await say(*peer, fmt::format("RCPT TO:<{}>\r\n", sent.recipient));
          if (code == 250) code = co_await say(*peer, "DATA\r\n");
          if (code != 354) break;
          code = co_await say(
              *peer, fmt::format("Subject: {0}\r\nMessage-ID: <{0}@client.test>\r\n\r\n..dot\r\n{1}"
                                 "\r\n.\r\n",
                                 sent.mark, std::string(world_.random.below(3000), 'x')));
          if (code == 250) {
            story_.accepted[sent.mark] = sent;
            ++i;
          }
        }
        if (code == 250) break;
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

  /// Reads all mailboxes and both queues.
  void finish() {
    for (auto& [name, site] : sites_) {
      bool done = false;
      ASSERT_TRUE(site.house);
      world_.spawn(read_site(site, done));
      EXPECT_TRUE(world_.run_until([&] { return done; }, 1h));
      site.over = true;
      story_.lives += site.lives;
    }
    EXPECT_TRUE(world_.run_until([&] { return ended_ == 2; }, 1h));
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

  sim::World world_;
  sim::Resolver resolver_;
  Size size_;
  std::map<std::string, Site> sites_;
  Story story_;
  int tries_ = 0;
  bool failing_ = false;
  int ended_ = 0;
};

constexpr Size kLong{.faults = 200h, .drain = 8 * 24h, .messages = 1000};
constexpr Size kShort{.faults = 30h, .drain = 6 * 24h, .messages = 100};

TEST(Exchange, EachMessageIsDeliveredOrReportedTheSameWayEachTime) {
  const Story story = Exchange(1, kLong).run();
  EXPECT_EQ(story.accepted.size(), static_cast<std::size_t>(kClients * kLong.messages));
  EXPECT_EQ(story.queued, 0u) << "the queues drain when the faults stop";
  EXPECT_GT(story.lives, 4) << "the stores did die";
  int lost = 0, extra = 0;
  for (const auto& [mark, sent] : story.accepted) {
    const auto count = [&](const std::map<std::string, int>& of) {
      const auto found = of.find(mark);
      return found == of.end() ? 0 : found->second;
    };
    const int copies = count(story.copies), reports = count(story.reports);
    const bool ended = sent.fate == Fate::delivered ? copies > 0 : reports > 0;
    if (!ended) {
      ++lost;
      ADD_FAILURE() << mark << " from " << sent.sender << " to " << sent.recipient << ": " << copies
                    << " copies, " << reports << " reports";
    }
    if (sent.fate == Fate::bounced) {
      EXPECT_EQ(copies, 0) << mark;
    }
    const int wanted = sent.fate == Fate::bounced ? 0 : sent.recipient.starts_with("list@") ? 2 : 1;
    extra += std::max(copies - wanted, 0);
    if (lost > 20) break;
  }
  // A second copy comes from a lost reply to the final dot, or from a death between that reply and
  // its record.
  EXPECT_LT(extra, 400);

  const Story again = Exchange(1, kLong).run();
  EXPECT_EQ(story.copies, again.copies) << "the same seed, another story";
  EXPECT_EQ(story.reports, again.reports);
}

TEST(Exchange, TheSameSeedTellsTheSameStoryInTheSameWords) {
  const Story first = Exchange(2, kShort).run();
  const Story second = Exchange(2, kShort).run();
  ASSERT_GT(first.log.size(), 1000u);
  const auto [mine, other] = std::ranges::mismatch(first.log, second.log);
  const bool same = mine == first.log.end() && other == second.log.end();
  EXPECT_TRUE(same) << "line " << mine - first.log.begin() << "\n"
                    << (mine == first.log.end() ? "(end)" : *mine) << "\n"
                    << (other == second.log.end() ? "(end)" : *other);
}

}  // namespace
}  // namespace ph::testing
