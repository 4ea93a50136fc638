#include "identity/hasher.h"

#include <utility>

namespace ph::identity {

Task<Result<bool>> PasswordHasher::verify(crypto::Verifier verifier, std::string password,
                                          rt::Instant deadline) {
  const WipeView wiped(password);
  PH_CO_TRY([[maybe_unused]] const Turnstile::Turn turn, co_await turns_.enter());
  if (world_.clock.now() >= deadline) co_return fail(Kind::timed_out, "no time left for a login");
  // `password` outlives the work: this coroutine waits for it.
  const bool good = co_await rt::offload<bool>(
      world_.workers, [verifier = std::move(verifier), secret = &password] {
        return crypto::verify_password(verifier, *secret);
      });
  co_return good;
}

Task<Result<crypto::Verifier>> PasswordHasher::make(std::string password, rt::Instant deadline) {
  const WipeView wiped(password);
  PH_CO_TRY([[maybe_unused]] const Turnstile::Turn turn, co_await turns_.enter());
  if (world_.clock.now() >= deadline)
    co_return fail(Kind::timed_out, "no time left to hash a password");
  std::string salt(2 * crypto::kSaltOctets, '\0');
  world_.random.fill(salt);
  co_return co_await rt::offload<Result<crypto::Verifier>>(
      world_.workers, [salt = std::move(salt), secret = &password] {
        return crypto::make_verifier(*secret, salt);
      });
}

}  // namespace ph::identity
