// Why a message is there twice, from the journals of both servers. The journal names for each
// acceptance of mail from another server its queue id; for each delivery to another server the
// reply that named it. So an acceptance whose reply was noted has its delivery, one to one; each
// other one is a further copy, and has one reason of its own: the sending server was in doubt and
// says so, or a store died during just this attempt.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "sim/exchange_story.h"

namespace ph::testing {

class CopiesExplained {
 public:
  /// The story outlives it.
  explicit CopiesExplained(const Story& story) : story_(story) {
    for (const auto& [server, events] : story.events) read(server, events);
    for (const auto& [server, events] : story.events)
      for (const Event& event : events)
        if (from_other(server, event)) explain(server, event);
    for (const auto& [id, times] : noted_)
      if (times > 1)
        unexplained_.push_back(
            fmt::format("{} at {}: {} deliveries name it", id.second, id.first, times));
  }

  /// How often `server` took this message from the other one.
  int taken(const std::string& server, const std::string& mark) const {
    const auto found = taken_.find({server, mark + "@client.test"});
    return found == taken_.end() ? 0 : found->second;
  }
  int by_doubt() const { return by_doubt_; }
  int by_death() const { return by_death_; }
  /// In words; empty: every copy has its reason.
  const std::vector<std::string>& unexplained() const { return unexplained_; }

 private:
  /// server, Message-ID, recipient
  using Errand = std::tuple<std::string, std::string, std::string>;

  static bool from_other(const std::string& server, const Event& event) {
    return event.stage == Stage::accept && event.outcome == Outcome::done &&
           event.peer.contains("helo mx." + other_server(server) + ".test");
  }

  void read(const std::string& server, const std::vector<Event>& events) {
    constexpr std::string_view kQueuedAs = "queued as ";
    constexpr std::size_t kIdChars = 16;
    for (const Event& event : events) {
      if (from_other(server, event)) ++taken_[{server, event.message_id}];
      if (event.stage != Stage::relay && event.stage != Stage::route) continue;
      attempts_[{server, event.message_id, event.recipient}].push_back(&event);
      if (event.stage != Stage::relay || event.outcome != Outcome::done) continue;
      const auto at = event.reply.find(kQueuedAs);
      if (at == event.reply.npos) continue;
      ++noted_[{other_server(server), event.reply.substr(at + kQueuedAs.size(), kIdChars)}];
    }
  }

  void explain(const std::string& server, const Event& taken) {
    if (noted_.contains({server, taken.queue_id})) return;
    const std::string sender = other_server(server);
    const auto found = attempts_.find({sender, taken.message_id, taken.recipient});
    if (found != attempts_.end()) {
      // Of each message there that it may have come from: what was noted first after this.
      std::map<std::string, const Event*> next;
      for (const Event* event : found->second) {
        const Event*& first = next[event->queue_id];
        if (!first && event->at >= taken.at) first = event;
      }
      for (const auto& [id, event] : next)
        if (is_doubt(event) && used_doubts_.insert(event).second) return void(++by_doubt_);
      for (const auto& [id, event] : next)
        if (died(sender, taken.at, event, id) || died(server, taken.at, event, id))
          return void(++by_death_);
    }
    unexplained_.push_back(fmt::format("{} at {}: {} to {}, accepted at {} ms", taken.message_id,
                                       server, taken.queue_id, taken.recipient, unix_ms(taken.at)));
  }

  static bool is_doubt(const Event* event) {
    return event && event->stage == Stage::relay && event->outcome == Outcome::note;
  }

  /// Whether a death of this server's store hit the attempt; each death can hit it once.
  bool died(const std::string& server, Wall from, const Event* until, const std::string& id) {
    const auto deaths = story_.dead.find(server);
    if (deaths == story_.dead.end()) return false;
    return std::ranges::any_of(deaths->second, [&](Wall death) {
      const bool during = death >= from && (!until || death <= until->at);
      return during && used_deaths_.insert({server, death, id}).second;
    });
  }

  const Story& story_;
  std::map<std::pair<std::string, std::string>, int> taken_;  // server, Message-ID
  // receiving server and its queue id -> deliveries at the sending one that name it
  std::map<std::pair<std::string, std::string>, int> noted_;
  std::map<Errand, std::vector<const Event*>> attempts_;  // oldest first
  std::set<const Event*> used_doubts_;
  std::set<std::tuple<std::string, Wall, std::string>> used_deaths_;
  int by_doubt_ = 0, by_death_ = 0;
  std::vector<std::string> unexplained_;
};

}  // namespace ph::testing
