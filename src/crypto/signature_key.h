// Keys that sign and verify digests: RSA (PKCS #1 v1.5) and Ed25519, as DKIM uses them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "crypto/digest.h"

namespace ph::crypto {

/// A public key's octets that are read; an RSA key of 4,096 bits has some 550.
inline constexpr std::size_t kPublicKeyOctetsMax = 4096;
/// Bits of an RSA key with which we verify: longer ones cost more than a check is worth.
inline constexpr unsigned kRsaBitsMax = 4096;
/// Bits of the public exponent of such a key: real ones have 17, and a check costs as many steps.
inline constexpr unsigned kRsaExponentBitsMax = 32;

enum class KeyKind : std::uint8_t { rsa, ed25519 };

/// Any thread; a key may be used by several at a time.
class PublicKey {
 public:
  /// DER of a SubjectPublicKeyInfo (RFC 5280 §4.1) or of a bare RSAPublicKey (RFC 8017 appendix
  /// A.1.1). malformed: neither, no RSA key, or numbers that are none of one (RFC 8017 §3.1: both
  /// odd, an exponent above 1); over_limit.
  static Result<PublicKey> rsa(std::string_view der);
  /// 32 octets, RFC 8032 §5.1.5; behind a SubjectPublicKeyInfo's beginning (RFC 8410
  /// §4), too. malformed.
  static Result<PublicKey> ed25519(std::string_view octets);

  KeyKind kind() const { return kind_; }
  unsigned bits() const { return bits_; }
  /// True if `signature` is one over `digest` by this key. Of Ed25519 the digest itself is the
  /// message that is signed (RFC 8463 §3).
  bool verify(DigestKind digest_kind, std::string_view digest, std::string_view signature) const;

 private:
  struct State;
  PublicKey(KeyKind kind, unsigned bits, std::shared_ptr<const State> state)
      : kind_(kind), bits_(bits), state_(std::move(state)) {}
  KeyKind kind_;
  unsigned bits_;
  std::shared_ptr<const State> state_;  // shared by copies of the key
};

/// Any thread; a key may be used by several at a time.
class PrivateKey {
 public:
  /// PKCS #8 or the older forms, without a passphrase. malformed: no key, or of another kind.
  static Result<PrivateKey> from_pem(std::string_view pem);
  /// A new key. Draws randomness from OpenSSL. unavailable: it could not.
  static Result<PrivateKey> generate(KeyKind kind, unsigned rsa_bits = 2048);

  KeyKind kind() const { return kind_; }
  unsigned bits() const { return bits_; }
  /// PKCS #8 in PEM, in clear text.
  std::string pem() const;
  /// What a DKIM record publishes: DER of the SubjectPublicKeyInfo (RSA, RFC 6376 §3.6.1), or the
  /// 32 octets (Ed25519, RFC 8463 §4).
  std::string public_octets() const;
  /// The signature's octets over a SHA-256 digest.
  Result<std::string> sign(std::string_view digest) const;

 private:
  struct State;
  PrivateKey(KeyKind kind, unsigned bits, std::shared_ptr<const State> state)
      : kind_(kind), bits_(bits), state_(std::move(state)) {}
  KeyKind kind_;
  unsigned bits_;
  std::shared_ptr<const State> state_;  // shared by copies of the key
};

}  // namespace ph::crypto
