// The first start of a demonstration: a domain, two accounts, and what to type next.
#pragma once

#include <string>

#include "app/daemon/config.h"
#include "app/daemon/house.h"

namespace ph::daemon {

inline constexpr std::size_t kPasswordGroups = 4, kPasswordGroupLetters = 5;  // about 99 bits

/// "k7mpd-…": letters and digits that are not mistaken for each other, typed without a shift key.
std::string random_password(rt::Random& random);

/// In a store without domains: makes example.test with alice and bob, each with a random password.
/// Returns what to print, once, on standard output: the passwords, and commands that work when
/// pasted into a shell where `program` was started. In a store with domains: one hint, nothing
/// made.
Task<Result<std::string>> first_start(House& house,  // NOLINT: awaited on the spot
                                      Config config, std::string program);

}  // namespace ph::daemon
