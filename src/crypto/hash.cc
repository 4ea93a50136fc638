#include "crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/error.h"

namespace ph::crypto {

namespace {

// Fetched once: in OpenSSL 3 EVP_sha256() looks the algorithm up under a lock at each use. Never
// freed: it lives as long as the process, also for threads that end after static destructors.
const EVP_MD* fetched_sha256() {
  static EVP_MD* const digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  PH_CHECK(digest != nullptr);
  return digest;
}

const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* octets_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

}  // namespace

std::string sha256(std::string_view octets) {
  std::string out(kSha256Octets, '\0');
  PH_CHECK(EVP_Digest(octets.data(), octets.size(), octets_of(out), nullptr, fetched_sha256(),
                      nullptr) == 1);
  return out;
}

std::string hmac_sha256(std::string_view key, std::string_view octets) {
  std::string out(kSha256Octets, '\0');
  unsigned int written = 0;
  PH_CHECK(HMAC(fetched_sha256(), key.data(), static_cast<int>(key.size()), octets_of(octets),
                octets.size(), octets_of(out), &written) != nullptr);
  PH_CHECK(written == kSha256Octets);
  return out;
}

std::string pbkdf2_sha256(std::string_view password, std::string_view salt,
                          std::uint32_t iterations) {
  std::string out(kSha256Octets, '\0');
  PH_CHECK(PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), octets_of(salt),
                             static_cast<int>(salt.size()), static_cast<int>(iterations),
                             fetched_sha256(), static_cast<int>(out.size()), octets_of(out)) == 1);
  return out;
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace ph::crypto
