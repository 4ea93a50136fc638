// OpenSSL's objects as values that free themselves. Only for the .cc files of this folder.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ph::crypto {

template <auto free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};
using BioPointer = std::unique_ptr<BIO, Freed<BIO_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using CertificatePointer = std::unique_ptr<X509, Freed<X509_free>>;
using SslPointer = std::unique_ptr<SSL, Freed<SSL_free>>;
using SslContextPointer = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;

/// The oldest error that OpenSSL has noted on this thread, as text; forgets them all.
std::string openssl_error();

/// The certificates of a PEM file in its order, at least one. malformed.
Result<std::vector<CertificatePointer>> parse_certificates(std::string_view pem);
/// malformed; a key under a passphrase too.
Result<KeyPointer> parse_key(std::string_view pem);
/// refused: the key does not match the certificate.
Result<Done> check_pair(const X509& certificate, const EVP_PKEY& key);

}  // namespace ph::crypto
