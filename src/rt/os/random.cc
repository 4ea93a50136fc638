#include "rt/os/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstddef>

#include "base/error.h"

namespace ph::rt::os {

void fill_random(std::span<char> octets) {
  while (!octets.empty()) {
    const ssize_t got = ::getrandom(octets.data(), octets.size(), 0);
    PH_CHECK(got > 0 || errno == EINTR);  // there is no mail without randomness
    if (got > 0) octets = octets.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace ph::rt::os
