// Another mail server in the simulation, which a test tells what to say. Header only.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/connection.h"
#include "sim/world.h"

namespace ph::deliver::testing {

struct PeerLetter {
  std::string sender;
  std::vector<std::string> recipients;  // those that it took
  std::string body;                     // as it came, dots and all
};

/// What it says and what it got. Shared: by the test and the sessions.
struct PeerMind {
  std::string greeting = "220 peer ESMTP";
  /// By verb ("MAIL", "DATA", "." for the end of the message), or "RCPT <address>"; asked first.
  std::map<std::string, std::string> on;
  /// Instead of the fixed replies, where it says something.
  std::function<std::string(const std::string& line)> answer;
  /// After so many octets of a message it says `cut_reply` ("": nothing) and hangs up. 0: never.
  std::size_t cut_after = 0;
  std::string cut_reply;
  std::chrono::milliseconds think{0};  // before the reply to a message
  std::function<bool()> deaf;          // true: hangs up, and nothing counts any more

  std::vector<PeerLetter> letters;  // that it said 250 to
  std::size_t connections = 0, open = 0, open_max = 0;
};
using PeerPtr = std::shared_ptr<PeerMind>;

namespace peer_parts {

struct Line {
  bool ok = false;
  std::string text;
};
inline Task<Line> read_line(net::Connection& connection, rt::World& world) {  // NOLINT: session's
  for (;;) {
    const auto end = connection.input().find("\r\n");
    if (end != std::string_view::npos) {
      Line line{true, std::string(connection.input().substr(0, end))};
      connection.consume(end + 2);
      co_return line;
    }
    auto more = co_await connection.receive(world.clock.now() + std::chrono::minutes(20));
    if (!more) co_return Line{};
  }
}

inline std::string reply_to(const PeerMind& mind, const std::string& line) {
  if (mind.answer) {
    std::string said = mind.answer(line);
    if (!said.empty()) return said;
  }
  const std::string verb = line.substr(0, 4);
  const auto at = line.find('<');
  const std::string address =
      at == std::string::npos ? "" : line.substr(at + 1, line.find('>') - at - 1);
  for (const std::string& key : {verb + " " + address, line == "." ? line : verb}) {
    const auto found = mind.on.find(key);
    if (found != mind.on.end()) return found->second;
  }
  if (verb == "EHLO") return "250-peer\r\n250-PIPELINING\r\n250 8BITMIME";
  if (verb == "DATA") return "354 go on";
  if (verb == "QUIT") return "221 bye";
  return "250 2.0.0 fine";
}

inline Task<void> session(PeerPtr mind, std::unique_ptr<rt::Stream> stream, rt::World& world,
                          rt::Executor executor) {  // NOLINT: outlives
  net::Connection connection(std::move(stream));
  const auto timer = world.timers.timer(executor);
  ++mind->connections;
  mind->open_max = std::max(mind->open_max, ++mind->open);
  PeerLetter letter;
  bool in_body = false, on = true;
  std::string greeting = mind->greeting + "\r\n";
  auto greeted = co_await connection.send(std::move(greeting), rt::Instant::max());
  on = greeted && mind->greeting.starts_with('2');
  while (on) {
    const Line line = co_await read_line(connection, world);
    if (!line.ok || (mind->deaf && mind->deaf())) break;
    std::string reply;
    if (in_body && line.text != ".") {
      letter.body += line.text + "\r\n";
      if (mind->cut_after == 0 || letter.body.size() < mind->cut_after) continue;
      if (!mind->cut_reply.empty()) reply = mind->cut_reply + "\r\n";
      on = false;
    } else {
      reply = reply_to(*mind, line.text) + "\r\n";
      if (line.text == "DATA" && letter.recipients.empty()) reply = "554 to whom?\r\n";
      const bool good = reply.starts_with('2');
      if (line.text.starts_with("MAIL") && good) letter = {.sender = line.text};
      if (line.text.starts_with("RCPT") && good) {
        const auto at = line.text.find('<') + 1;
        letter.recipients.push_back(line.text.substr(at, line.text.find('>') - at));
      }
      if (line.text == "DATA") in_body = reply.starts_with('3');
      if (in_body && line.text == ".") {
        in_body = false;
        auto thought = co_await timer->wait_until(world.clock.now() + mind->think);
        static_cast<void>(thought);
        if (mind->deaf && mind->deaf()) break;
        if (good) mind->letters.push_back(std::exchange(letter, {}));
      }
      on = !reply.starts_with("421") && !line.text.starts_with("QUIT");
    }
    auto sent = co_await connection.send(std::move(reply), rt::Instant::max());
    on = on && sent.has_value();
  }
  --mind->open;
}

inline Task<void> listen(PeerPtr mind, std::unique_ptr<rt::Acceptor> acceptor, rt::World& world,
                         rt::Executor executor) {  // NOLINT: outlives
  for (;;) {
    auto stream = co_await acceptor->accept();
    if (!stream) co_return;
    rt::spawn(executor, session(mind, *std::move(stream), world, executor));
  }
}

}  // namespace peer_parts

/// A server at `ip`, port 25.
inline PeerPtr make_peer(sim::World& world, const std::string& ip) {
  auto mind = std::make_shared<PeerMind>();
  auto acceptor = world.net.listen(world.executor(), {*rt::parse_ip(ip), 25}, false);
  PH_CHECK(acceptor.has_value());
  world.spawn(peer_parts::listen(mind, *std::move(acceptor), world, world.executor()));
  return mind;
}

}  // namespace ph::deliver::testing
