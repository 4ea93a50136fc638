// Password verifiers: argon2id (RFC 9106) to check a password, SCRAM-SHA-256 keys (RFC 5802, RFC
// 7677) so that SCRAM can come without new passwords. Pure: salt and time come from outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::crypto {

inline constexpr std::size_t kPasswordOctetsMax = 1024;
inline constexpr std::uint32_t kArgon2MemoryKib = 19456;  // 19 MiB, OWASP's first choice with t=2
inline constexpr std::uint32_t kArgon2Passes = 2;
inline constexpr std::uint32_t kScramIterations = 10000;
inline constexpr std::size_t kSaltOctets = 16;  // of each scheme
// What a stored verifier may ask of us at most: a damaged or hostile record costs no more.
inline constexpr std::uint32_t kArgon2MemoryKibMax = 64 * 1024;
inline constexpr std::uint32_t kArgon2PassesMax = 16;
inline constexpr std::uint32_t kArgon2LanesMax = 4;

struct Verifier {
  std::string argon2;      // PHC string "$argon2id$v=19$m=19456,t=2,p=1$..."
  std::string scram_salt;  // 16 octets
  std::uint32_t scram_iterations = kScramIterations;
  std::string stored_key, server_key;  // 32 octets each
};

/// `salt`: 32 fresh random octets (16 for each scheme). About 20 ms and 19 MiB, freed and cleared.
///   over_limit   the password is longer than kPasswordOctetsMax
///   malformed    the password is empty
///   unavailable  no memory for argon2
Result<Verifier> make_verifier(std::string_view password, std::string_view salt);
/// Constant-time comparison; as slow as make_verifier. false also for a verifier that is not
/// argon2id.
bool verify_password(const Verifier& verifier, std::string_view password);
/// Matches no password, and takes verify_password() as long as a real one: for users that do not
/// exist.
Verifier decoy_verifier();

/// RFC 5802 §3: StoredKey = H(HMAC(Salted, "Client Key")), ServerKey = HMAC(Salted, "Server Key").
/// The password is taken as it is: ASCII needs no SASLprep, codec/saslprep.h; other text must come
/// prepared.
struct ScramKeys {
  std::string stored_key, server_key;  // 32 octets each
};
ScramKeys scram_sha256_keys(std::string_view password, std::string_view salt,
                            std::uint32_t iterations);

/// Record version 1 (docs/formats/identity.md).
std::string format_verifier(const Verifier& verifier);
Result<Verifier> parse_verifier(std::string_view octets);  // corrupt
/// Overwrites the text so that the compiler cannot leave it out.
void wipe(std::string& secret);

}  // namespace ph::crypto
