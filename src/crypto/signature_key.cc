#include "crypto/signature_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <atomic>
#include <bit>
#include <optional>
#include <utility>

#include "crypto/openssl.h"
#include "crypto/rsa_numbers.h"

namespace ph::crypto {
namespace {

constexpr std::size_t kEd25519Octets = 32;

using KeyContextPointer = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using DigestContextPointer = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using NumberPointer = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using ParameterBuilderPointer = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using ParametersPointer = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;

const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// The beginning of a SubjectPublicKeyInfo with an Ed25519 key; its 32 octets follow. RFC 8410 §4.
constexpr std::string_view kEd25519Info("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12);

/// An RSA key of these numbers; null: OpenSSL takes none of them.
KeyPointer rsa_key(const RsaNumbers& numbers) {
  const auto number_of = [](std::string_view octets) {
    return NumberPointer(BN_bin2bn(octets_of(octets), static_cast<int>(octets.size()), nullptr));
  };
  const NumberPointer modulus = number_of(numbers.modulus), exponent = number_of(numbers.exponent);
  const ParameterBuilderPointer builder(OSSL_PARAM_BLD_new());
  if (!modulus || !exponent || !builder ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
    return nullptr;
  const ParametersPointer parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContextPointer context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
    return nullptr;
  return KeyPointer(key);
}

std::optional<KeyKind> kind_of(const EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA: return KeyKind::rsa;
    case EVP_PKEY_ED25519: return KeyKind::ed25519;
    default: return std::nullopt;
  }
}

unsigned bits_of(std::string_view number) {
  const auto first = static_cast<unsigned char>(number.front());
  return static_cast<unsigned>(8 * (number.size() - 1)) +
         static_cast<unsigned>(std::bit_width(first));
}

/// Whoever publishes a key chooses its numbers: some prove nothing, some cost seconds.
Result<Done> check_numbers(const RsaNumbers& numbers) {
  if (bits_of(numbers.modulus) > kRsaBitsMax)
    return fail(Kind::over_limit, "the RSA key has too many bits");
  if (bits_of(numbers.exponent) > kRsaExponentBitsMax)
    return fail(Kind::over_limit, "the RSA key's exponent has too many bits");
  const auto is_odd = [](std::string_view number) { return (number.back() & 1) != 0; };
  if (!is_odd(numbers.modulus) || !is_odd(numbers.exponent) || bits_of(numbers.exponent) == 1)
    return fail(Kind::malformed, "the RSA key's modulus or exponent is none");
  return Done{};
}

/// A context for one RSA operation over a digest that was made elsewhere.
bool set_up(EVP_PKEY_CTX* context, DigestKind kind) {
  const EVP_MD* digest = kind == DigestKind::sha1 ? EVP_sha1() : EVP_sha256();
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
         EVP_PKEY_CTX_set_signature_md(context, digest) == 1;
}

/// Setting up an operation takes OpenSSL 3.0 nearly as long as the operation with a small exponent:
/// a context that has done its work is kept for the next one. Any thread.
class SpareContext {
 public:
  SpareContext() = default;
  SpareContext(const SpareContext&) = delete;
  ~SpareContext() { EVP_PKEY_CTX_free(spare_.load()); }
  /// Ready to verify SHA-256 digests by `key`; null: none could be made.
  KeyContextPointer take(EVP_PKEY* key) {
    if (EVP_PKEY_CTX* const spare = spare_.exchange(nullptr)) return KeyContextPointer(spare);
    return ready(key, DigestKind::sha256);
  }
  void put_back(KeyContextPointer context) {
    EVP_PKEY_CTX* none = nullptr;
    if (spare_.compare_exchange_strong(none, context.get())) static_cast<void>(context.release());
  }
  static KeyContextPointer ready(EVP_PKEY* key, DigestKind kind) {
    KeyContextPointer context(EVP_PKEY_CTX_new(key, nullptr));
    if (!context || EVP_PKEY_verify_init(context.get()) != 1 || !set_up(context.get(), kind))
      return nullptr;
    return context;
  }

 private:
  std::atomic<EVP_PKEY_CTX*> spare_{nullptr};
};

}  // namespace

struct PublicKey::State {
  explicit State(KeyPointer made) : key(std::move(made)) {}
  KeyPointer key;
  mutable SpareContext spare;
};
struct PrivateKey::State {
  KeyPointer key;
};

Result<PublicKey> PublicKey::rsa(std::string_view der) {
  if (der.size() > kPublicKeyOctetsMax) return fail(Kind::over_limit, "the public key is too long");
  PH_TRY(const RsaNumbers numbers, read_rsa_numbers(der));
  PH_TRY([[maybe_unused]] const auto checked, check_numbers(numbers));
  KeyPointer key = rsa_key(numbers);
  ERR_clear_error();
  if (!key) return fail(Kind::malformed, "not an RSA public key");
  return PublicKey(KeyKind::rsa, bits_of(numbers.modulus),
                   std::make_shared<const State>(std::move(key)));
}

Result<PublicKey> PublicKey::ed25519(std::string_view octets) {
  if (octets.starts_with(kEd25519Info)) octets.remove_prefix(kEd25519Info.size());
  KeyPointer key;
  if (octets.size() == kEd25519Octets)
    key.reset(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets_of(octets), octets.size()));
  ERR_clear_error();
  if (!key) return fail(Kind::malformed, "not an Ed25519 public key of 32 octets");
  return PublicKey(KeyKind::ed25519, 256, std::make_shared<const State>(std::move(key)));
}

bool PublicKey::verify(DigestKind digest_kind, std::string_view digest,
                       std::string_view signature) const {
  EVP_PKEY* key = state_->key.get();
  int good = 0;
  if (kind_ == KeyKind::rsa) {
    const bool usual = digest_kind == DigestKind::sha256;
    KeyContextPointer context =
        usual ? state_->spare.take(key) : SpareContext::ready(key, digest_kind);
    good = context ? EVP_PKEY_verify(context.get(), octets_of(signature), signature.size(),
                                     octets_of(digest), digest.size())
                   : 0;
    if (usual && context) state_->spare.put_back(std::move(context));
  } else {
    const DigestContextPointer context(EVP_MD_CTX_new());
    good = context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) == 1
               ? EVP_DigestVerify(context.get(), octets_of(signature), signature.size(),
                                  octets_of(digest), digest.size())
               : 0;
  }
  ERR_clear_error();
  return good == 1;
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  PH_TRY(KeyPointer key, parse_key(pem));
  const auto kind = kind_of(key.get());
  if (!kind) return fail(Kind::malformed, "the key is neither RSA nor Ed25519");
  const auto bits = static_cast<unsigned>(EVP_PKEY_get_bits(key.get()));
  return PrivateKey(*kind, bits, std::make_shared<const State>(std::move(key)));
}

Result<PrivateKey> PrivateKey::generate(KeyKind kind, unsigned rsa_bits) {
  KeyPointer key(kind == KeyKind::rsa
                     ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{rsa_bits})
                     : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (!key) return fail(Kind::unavailable, "a key could not be made", openssl_error());
  const auto bits = static_cast<unsigned>(EVP_PKEY_get_bits(key.get()));
  return PrivateKey(kind, bits, std::make_shared<const State>(std::move(key)));
}

std::string PrivateKey::pem() const {
  const BioPointer out(BIO_new(BIO_s_mem()));
  PH_CHECK(out && PEM_write_bio_PKCS8PrivateKey(out.get(), state_->key.get(), nullptr, nullptr, 0,
                                                nullptr, nullptr) == 1);
  char* data = nullptr;
  const long octets = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(octets)};
}

std::string PrivateKey::public_octets() const {
  std::string out;
  if (kind_ == KeyKind::rsa) {
    const int octets = i2d_PUBKEY(state_->key.get(), nullptr);
    PH_CHECK(octets > 0);
    out.resize(static_cast<std::size_t>(octets));
    auto* at = reinterpret_cast<unsigned char*>(out.data());
    PH_CHECK(i2d_PUBKEY(state_->key.get(), &at) == octets);
    return out;
  }
  std::size_t octets = kEd25519Octets;
  out.resize(octets);
  PH_CHECK(EVP_PKEY_get_raw_public_key(state_->key.get(),
                                       reinterpret_cast<unsigned char*>(out.data()), &octets) == 1);
  return out;
}

Result<std::string> PrivateKey::sign(std::string_view digest) const {
  EVP_PKEY* key = state_->key.get();
  std::size_t octets = static_cast<std::size_t>(EVP_PKEY_get_size(key));
  std::string out(octets, '\0');
  auto* into = reinterpret_cast<unsigned char*>(out.data());
  bool good = false;
  if (kind_ == KeyKind::rsa) {
    const KeyContextPointer context(EVP_PKEY_CTX_new(key, nullptr));
    good = context && EVP_PKEY_sign_init(context.get()) == 1 &&
           set_up(context.get(), DigestKind::sha256) &&
           EVP_PKEY_sign(context.get(), into, &octets, octets_of(digest), digest.size()) == 1;
  } else {
    const DigestContextPointer context(EVP_MD_CTX_new());
    good = context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key) == 1 &&
           EVP_DigestSign(context.get(), into, &octets, octets_of(digest), digest.size()) == 1;
  }
  if (!good) return fail(Kind::unavailable, "signing failed", openssl_error());
  out.resize(octets);
  return out;
}

}  // namespace ph::crypto
