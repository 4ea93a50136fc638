// The two numbers of an RSA public key, out of the DER in which it is published.
#pragma once

#include <string_view>

#include "base/error.h"

namespace ph::crypto {

/// Big-endian, without leading zeros, not empty; views of the DER they were read from.
struct RsaNumbers {
  std::string_view modulus, exponent;
};

/// Reads a SubjectPublicKeyInfo (RFC 5280 §4.1) of the algorithm rsaEncryption (RFC 8017 appendix
/// A.1), or a bare RSAPublicKey (appendix A.1.1). Lengths may be written longer than DER has them;
/// octets behind the key are ignored. malformed: neither, or a number that is negative or 0.
/// O(1). OpenSSL's own decoders try one format after the other, and take several times as long as
/// the signature that is checked with the key (bench/README.md, DKIM).
Result<RsaNumbers> read_rsa_numbers(std::string_view der);

}  // namespace ph::crypto
