// SHA-256 (FIPS 180-4), HMAC (RFC 2104) and PBKDF2 (RFC 8018 §5.2) over it, and the comparison that
// does not tell where two secrets differ. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ph::crypto {

inline constexpr std::size_t kSha256Octets = 32;

/// 32 octets. O(octets), about 0.5 us for short input.
std::string sha256(std::string_view octets);
/// 32 octets.
std::string hmac_sha256(std::string_view key, std::string_view octets);
/// 32 octets (one block, which is all that SCRAM-SHA-256 takes). `iterations` >= 1; about 0.5 us
/// each.
std::string pbkdf2_sha256(std::string_view password, std::string_view salt,
                          std::uint32_t iterations);
/// Takes as long for every pair of the same length; the length itself is no secret.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace ph::crypto
