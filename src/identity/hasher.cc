#include "identity/hasher.h"

#include <utility>

#include "codec/saslprep.h"
#include "codec/utf8.h"

namespace ph::identity {

namespace {

/// The password in the one form of all ways to type it: devices differ in how they write "\u00fc".
/// One that RFC 4013 would refuse is taken as it is.
std::string in_one_form(const std::string& password) {
  if (codec::is_ascii(password)) return password;
  auto prepared = codec::saslprep(password);
  return prepared ? *std::move(prepared) : password;
}

}  // namespace

Task<Result<bool>> PasswordHasher::verify(crypto::Verifier verifier, std::string password,
                                          rt::Instant deadline) {
  const WipeView wiped(password);
  PH_CO_TRY([[maybe_unused]] const Turnstile::Turn turn, co_await turns_.enter());
  if (world_.clock.now() >= deadline) co_return fail(Kind::timed_out, "no time left for a login");
  // `password` outlives the work: this coroutine waits for it.
  const bool good = co_await rt::offload<bool>(
      world_.workers, [verifier = std::move(verifier), secret = &password] {
        std::string prepared = in_one_form(*secret);
        const WipeView wiped_too(prepared);
        if (crypto::verify_password(verifier, prepared)) return true;
        // Verifiers were made of what was typed once.
        return prepared != *secret && crypto::verify_password(verifier, *secret);
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
        std::string prepared = in_one_form(*secret);
        const WipeView wiped_too(prepared);
        return crypto::make_verifier(prepared, salt);
      });
}

}  // namespace ph::identity
