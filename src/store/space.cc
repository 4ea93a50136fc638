#include "store/space.h"

#include <algorithm>

namespace ph::store {

bool Space::has_room(std::uint64_t octets) {
  const std::scoped_lock lock(mutex_);
  ask();
  return free_octets_ >= reserve_octets_ && octets <= free_octets_ - reserve_octets_;
}

bool Space::has_floor() {
  const std::scoped_lock lock(mutex_);
  ask();
  return free_octets_ >= std::min(kFloorOctets, reserve_octets_);
}

/// Under mutex_.
void Space::ask() {
  const rt::Instant now = world_.clock.now();
  if (!asked_ || now - *asked_ >= kAnswerAgeMax) {
    asked_ = now;
    const auto answer = world_.disk.free_octets(folder_);
    free_octets_ = answer.value_or(0);
    const bool room = free_octets_ >= reserve_octets_;
    if (room != std::exchange(had_room_, room)) {
      world_.log.write(room ? rt::Level::info : rt::Level::error,
                       room ? "store: there is room again" : "store: no room, refusing mail",
                       {{"folder", folder_},
                        {"free_octets", std::to_string(free_octets_)},
                        {"reserve_octets", std::to_string(reserve_octets_)},
                        {"error", answer ? "" : describe(answer.error())}});
    }
  }
}

}  // namespace ph::store
