// Password hashing on worker threads, with a bound on how much of it goes on at once.
#pragma once

#include <string>

#include "crypto/password.h"
#include "identity/turnstile.h"
#include "rt/world.h"

namespace ph::identity {

/// Any executor. Both calls wait their turn and wipe the password. A password is the same however
/// its characters are composed (RFC 4013), as SCRAM has it.
///   unavailable  too many wait already     timed_out  the turn came after `deadline`
class PasswordHasher {
 public:
  PasswordHasher(rt::World& world, std::size_t hashes_max, std::size_t waiting_max)
      : world_(world), turns_(hashes_max, waiting_max) {}

  Task<Result<bool>> verify(crypto::Verifier verifier, std::string password, rt::Instant deadline);
  Task<Result<crypto::Verifier>> make(std::string password, rt::Instant deadline);

 private:
  rt::World& world_;
  Turnstile turns_;
};

/// Overwrites the text it refers to when it goes out of scope, also when a coroutine is destroyed.
class WipeView {
 public:
  explicit WipeView(std::string& secret) : secret_(secret) {}
  WipeView(const WipeView&) = delete;
  ~WipeView() { crypto::wipe(secret_); }

 private:
  std::string& secret_;
};

}  // namespace ph::identity
