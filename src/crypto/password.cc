#include "crypto/password.h"

#include <argon2.h>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include <charconv>
#include <optional>

#include "base/record.h"
#include "crypto/hash.h"

namespace ph::crypto {

namespace {

constexpr std::uint32_t kArgon2Lanes = 1;
constexpr std::uint32_t kArgon2HashOctets = 32;

/// Takes "<name>=<number>" and the separator after it off the front of `in`.
std::optional<std::uint32_t> take_parameter(std::string_view& in, std::string_view name,
                                            char separator) {
  if (!in.starts_with(name)) return std::nullopt;
  in.remove_prefix(name.size());
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(in.data(), in.data() + in.size(), value);
  if (error != std::errc() || end == in.data() + in.size() || *end != separator)
    return std::nullopt;
  in.remove_prefix(static_cast<std::size_t>(end - in.data()) + 1);
  return value;
}

/// Is it an argon2id PHC string whose cost we are willing to pay? libargon2 would take any.
bool affordable(std::string_view phc) {
  constexpr std::string_view scheme = "$argon2id$v=19$";
  if (!phc.starts_with(scheme)) return false;
  phc.remove_prefix(scheme.size());
  const auto memory = take_parameter(phc, "m=", ',');
  const auto passes = memory ? take_parameter(phc, "t=", ',') : std::nullopt;
  const auto lanes = passes ? take_parameter(phc, "p=", '$') : std::nullopt;
  return lanes && *memory <= kArgon2MemoryKibMax && *passes <= kArgon2PassesMax &&
         *lanes <= kArgon2LanesMax;
}

enum Tag : std::uint32_t { argon2 = 1, scram_salt, scram_iterations, stored_key, server_key };

}  // namespace

Result<Verifier> make_verifier(std::string_view password, std::string_view salt) {
  PH_CHECK(salt.size() == 2 * kSaltOctets);
  if (password.empty()) return fail(Kind::malformed, "the password is empty");
  if (password.size() > kPasswordOctetsMax)
    return fail(Kind::over_limit, "the password is too long");

  const std::string_view argon2_salt = salt.substr(0, kSaltOctets);
  std::string phc(argon2_encodedlen(kArgon2Passes, kArgon2MemoryKib, kArgon2Lanes, kSaltOctets,
                                    kArgon2HashOctets, Argon2_id),
                  '\0');
  const int status = argon2id_hash_encoded(
      kArgon2Passes, kArgon2MemoryKib, kArgon2Lanes, password.data(), password.size(),
      argon2_salt.data(), argon2_salt.size(), kArgon2HashOctets, phc.data(), phc.size());
  if (status != ARGON2_OK)
    return fail(Kind::unavailable, "cannot hash a password now", argon2_error_message(status));
  phc.resize(phc.find('\0'));

  Verifier verifier;
  verifier.argon2 = std::move(phc);
  verifier.scram_salt = salt.substr(kSaltOctets);
  ScramKeys keys = scram_sha256_keys(password, verifier.scram_salt, verifier.scram_iterations);
  verifier.stored_key = std::move(keys.stored_key);
  verifier.server_key = std::move(keys.server_key);
  return verifier;
}

bool verify_password(const Verifier& verifier, std::string_view password) {
  if (password.size() > kPasswordOctetsMax || !affordable(verifier.argon2)) return false;
  return argon2id_verify(verifier.argon2.c_str(), password.data(), password.size()) == ARGON2_OK;
}

Verifier decoy_verifier() {
  Verifier verifier;
  // The cost lies in the parameters; nobody knows a password whose hash is all zero.
  verifier.argon2 = fmt::format("$argon2id$v=19$m={},t={},p={}${:A<22}${:A<43}", kArgon2MemoryKib,
                                kArgon2Passes, kArgon2Lanes, "", "");
  return verifier;
}

ScramKeys scram_sha256_keys(std::string_view password, std::string_view salt,
                            std::uint32_t iterations) {
  std::string salted = pbkdf2_sha256(password, salt, iterations);
  std::string client_key = hmac_sha256(salted, "Client Key");
  ScramKeys keys{sha256(client_key), hmac_sha256(salted, "Server Key")};
  wipe(client_key);
  wipe(salted);
  return keys;
}

std::string format_verifier(const Verifier& verifier) {
  return RecordWriter(1)
      .text(Tag::argon2, verifier.argon2)
      .text(Tag::scram_salt, verifier.scram_salt)
      .number(Tag::scram_iterations, verifier.scram_iterations)
      .text(Tag::stored_key, verifier.stored_key)
      .text(Tag::server_key, verifier.server_key)
      .take();
}

Result<Verifier> parse_verifier(std::string_view octets) {
  PH_TRY(RecordReader r, RecordReader::open(octets, 1));
  Verifier verifier;
  while (r.next()) {
    switch (r.tag()) {
      case Tag::argon2: verifier.argon2 = r.text(); break;
      case Tag::scram_salt: verifier.scram_salt = r.text(); break;
      case Tag::scram_iterations:
        verifier.scram_iterations = static_cast<std::uint32_t>(r.number());
        break;
      case Tag::stored_key: verifier.stored_key = r.text(); break;
      case Tag::server_key: verifier.server_key = r.text(); break;
      default: break;
    }
  }
  if (r.broken()) return fail(Kind::corrupt, "stored password verifier cannot be read");
  return verifier;
}

void wipe(std::string& secret) {
  OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

}  // namespace ph::crypto
