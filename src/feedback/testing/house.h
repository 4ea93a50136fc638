// Counting and reporting over a store in memory, in virtual time, with a queue and a DNS. Header
// only.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "feedback/reports.h"
#include "queue/testing/house.h"
#include "sim/resolver.h"

namespace ph::feedback::testing {

/// Has a key for here.test.
class OneKey final : public identity::Keyring {
 public:
  using Keys = std::shared_ptr<const identity::SigningKeys>;
  Task<Result<Keys>> signing_keys(std::string domain, rt::Instant) override {
    auto keys = std::make_shared<identity::SigningKeys>();
    if (domain == "here.test") {
      auto key = crypto::PrivateKey::generate(crypto::KeyKind::ed25519);
      EXPECT_TRUE(key);
      keys->push_back({"s1", *std::move(key)});
    }
    co_return Keys(std::move(keys));
  }
  Task<Result<std::vector<identity::DomainKey>>> keys(std::string) override {
    co_return fail(Kind::not_found, "not asked for");
  }
  Task<Result<std::vector<identity::DomainKey>>> rotate(std::string,
                                                        std::chrono::seconds) override {
    co_return fail(Kind::not_found, "not asked for");
  }
  Task<Result<Done>> remove(std::string, std::string) override { co_return Done{}; }
};

/// One life of the process.
struct Life {
  Life(store::Store& on, sim::World& world, sim::Resolver& resolver, OneKey& keys,
       queue::testing::Retired& retired, ReportOptions options, CountLimits limits,
       ReportLimits report_limits)
      : queue(on, world, world.executor(), queue::testing::into(retired)),
        counts(on, world, world.executor(), limits),
        reports({on, queue, resolver, world, keys, counts,
                 [this](Event event) { events.push_back(std::move(event)); }},
                world.executor(), std::move(options), report_limits) {}

  std::vector<Event> events;
  queue::MailQueue queue;
  Counts counts;
  Reports reports;
};

/// A report that left.
struct Left {
  std::string to, sender, octets;
  std::uint8_t notify = 0;
  mailauth::DmarcReport report;
};

inline ReportOptions usual_options() {
  return {.hostname = "mail.here.test", .generator = "Posthouse test"};
}

struct FeedbackHouse : queue::testing::QueueHouse {
  sim::Resolver resolver{world};
  OneKey keys;

  std::unique_ptr<Life> open(store::Store* over = nullptr, ReportOptions options = usual_options(),
                             CountLimits limits = {}, ReportLimits report_limits = {}) {
    auto life = std::make_unique<Life>(over != nullptr ? *over : *disk, world, resolver, keys,
                                       retired, std::move(options), limits, report_limits);
    const auto opened = run(life->queue.open());
    EXPECT_TRUE(opened || over != nullptr);
    return life;
  }
  /// The text of a TXT record.
  void txt(const std::string& name, const std::string& text) {
    resolver.set(name, dns::kTypeTxt, {static_cast<char>(text.size()) + text});
  }

  static mailauth::DmarcFinding finding(std::string domain, std::string ip, bool passes,
                                        std::string more = "") {
    mailauth::DmarcFinding out{.domain = domain};
    out.record = "v=DMARC1; p=reject; rua=mailto:reports@" + domain + more;
    out.row.source_ip = std::move(ip);
    out.row.count = 1;
    out.row.disposition = passes ? "none" : "reject";
    out.row.dkim = "fail";
    out.row.spf = passes ? "pass" : "fail";
    out.row.header_from = domain;
    out.row.envelope_from = domain;
    out.row.spf_results.push_back({domain, "mfrom", passes ? "pass" : "fail", ""});
    return out;
  }

  std::vector<Sending> send_due(Life& life) {
    auto sent = run(life.reports.send_due());
    EXPECT_TRUE(sent) << (sent ? "" : sent.error().what);
    return sent ? *sent : std::vector<Sending>{};
  }
  /// Takes what waits in the queue, as if it were delivered.
  std::vector<Left> leave(Life& life) { return run(leave_now(*disk, life.queue)); }
  /// Messages by source in all reports about a domain, each Report-ID once.
  static std::map<std::string, std::uint64_t> counted(const std::vector<Left>& all,
                                                      const std::string& domain) {
    std::map<std::string, const Left*> by_id;
    for (const Left& left : all)
      if (left.report.policy.domain == domain) {
        const auto [it, fresh] = by_id.emplace(left.report.report_id, &left);
        EXPECT_TRUE(fresh || it->second->report == left.report) << "one Report-ID, two reports";
      }
    std::map<std::string, std::uint64_t> sum;
    for (const auto& [id, left] : by_id)
      for (const auto& row : left->report.rows) sum[row.source_ip] += row.count;
    return sum;
  }
  /// Nothing of reports is in the store.
  bool forgotten() {
    const auto found = run(disk->list("f", "", 1000));
    EXPECT_TRUE(found);
    return found && std::ranges::none_of(*found, [](const std::string& partition) {
             return partition == "f" || partition.starts_with("f/");
           });
  }

 private:
  static Task<std::vector<Left>> leave_now(store::Store& store,
                                           queue::MailQueue& queue) {  // NOLINT
    std::vector<Left> out;
    while (auto due = queue.take_due()) {
      queue::Settled settled;
      for (const std::uint32_t index : due->jobs) {
        queue::Job job = due->message->jobs[index];
        auto octets = co_await store.read(due->message->blob, 0, due->message->octets);
        EXPECT_TRUE(octets);
        const auto read = mailauth::read_dmarc_report(*octets);
        EXPECT_TRUE(read) << *octets;
        out.push_back({.to = message::to_string(job.recipient),
                       .sender = message::to_string(due->message->sender),
                       .octets = *octets,
                       .notify = job.notify,
                       .report = read ? read->report : mailauth::DmarcReport{}});
        job.state = queue::JobState::delivered;
        settled.changed.emplace_back(index, std::move(job));
      }
      const auto done = co_await queue.settle(due->message->id, std::move(settled));
      EXPECT_TRUE(done);
    }
    co_return out;
  }
};

}  // namespace ph::feedback::testing
