// What a certificate file says, and whether a key belongs to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ph::crypto {

/// Of the first certificate in a PEM file, which is the server's own.
struct CertificateFacts {
  std::string subject;  // "CN=mail.example.test", RFC 2253
  std::string issuer;
  std::vector<std::string> names;  // DNS names and IP addresses of the SAN, as written there
  std::int64_t not_before_unix_s = 0;
  std::int64_t not_after_unix_s = 0;
};

/// malformed: not PEM, or not a certificate.
Result<CertificateFacts> read_certificate(std::string_view certificate_pem);

/// malformed: not PEM (an encrypted key neither); refused: the key does not match the certificate.
Result<Done> check_key_matches(std::string_view certificate_pem, std::string_view key_pem);

}  // namespace ph::crypto
