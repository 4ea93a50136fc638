// What is told of two servers that exchange mail: what clients gave them, what arrived, and what
// the servers' journals say of it.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/event.h"
#include "sim/random.h"

namespace ph::testing {

/// What a client's message is to become.
enum class Fate : std::uint8_t { delivered, bounced };

struct Sent {
  std::string mark;  // its Message-ID is <mark@client.test>
  std::string sender, recipient;
  Fate fate = Fate::delivered;
  bool operator==(const Sent&) const = default;
};

struct Story {
  std::map<std::string, Sent> accepted;              // by mark: a client has its 250
  std::map<std::string, int> copies, reports;        // by mark: in mailboxes, of any account
  std::map<std::string, std::vector<Wall>> dead;     // by server: when its store died
  std::map<std::string, std::vector<Event>> events;  // by server: its journal, oldest first
  std::size_t queued = 0;                            // recipients, at the end
  // How often the seed was unkind.
  int lives = 0, silences = 0;
  std::uint64_t failed_changes = 0, without_room = 0, late_changes = 0;
  std::vector<std::string> log;  // its first lines
  std::uint64_t log_lines = 0;   // in all
  std::uint64_t digest = 0;      // of all lines of the log and all events of both journals
};

inline int count(const std::map<std::string, int>& of, const std::string& mark) {
  const auto found = of.find(mark);
  return found == of.end() ? 0 : found->second;
}

inline std::string other_server(const std::string& name) { return name == "a" ? "b" : "a"; }

/// The message that client `number` sends next: `home` is its own server.
inline Sent pick(std::string mark, int number, const std::string& home, sim::Random& random) {
  const std::string here = home + ".test", away = other_server(home) + ".test";
  Sent sent{.mark = std::move(mark),
            .sender = fmt::format("u{}@{}", number % 3, here),
            .recipient = {},
            .fate = Fate::bounced};
  switch (random.below(20)) {
    case 0: sent.recipient = "nobody@" + away; break;
    case 1: sent.recipient = "x@nowhere.test"; break;
    case 2: sent.recipient = "x@null.test"; break;
    case 3: sent.recipient = "x@broken.test"; break;
    case 4: sent.recipient = "x@silent.test"; break;
    case 5: sent.recipient = "loop@" + here; break;
    default: sent.fate = Fate::delivered;
  }
  if (sent.fate == Fate::bounced) return sent;
  switch (random.below(14)) {
    case 0: sent.recipient = "list@" + here; break;
    case 1: sent.recipient = "u2@" + here; break;
    default: sent.recipient = fmt::format("u{}@{}", random.below(3), away);
  }
  return sent;
}

}  // namespace ph::testing
