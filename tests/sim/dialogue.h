// What a client in a simulation says to a server, and hears.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "net/connection.h"
#include "rt/world.h"

namespace ph::testing {

/// So long a client waits for each reply, and for each of its own octets to be taken.
inline constexpr std::chrono::minutes kClientPatience{10};

/// Waits for a whole reply; its code, or 0 when the connection is gone.
inline Task<int> reply(net::Connection& peer, rt::World& world) {  // NOLINT: awaited on the spot
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
    auto more = co_await peer.receive(world.clock.now() + kClientPatience);
    if (!more) co_return 0;
  }
}

/// Sends the octets, and waits for the reply to them.
inline Task<int> say(net::Connection& peer, rt::World& world, std::string octets) {  // NOLINT
  auto sent = co_await peer.send(std::move(octets), world.clock.now() + kClientPatience);
  if (!sent) co_return 0;
  co_return co_await reply(peer, world);
}

}  // namespace ph::testing
