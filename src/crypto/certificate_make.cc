// A self-signed certificate, so that a first start has TLS without anybody's help.
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "crypto/openssl.h"
#include "crypto/tls.h"

namespace ph::crypto {
namespace {

constexpr std::int64_t kDayS = 86400;
constexpr std::int64_t kValidS = 3650 * kDayS;
constexpr std::size_t kHostNamesMax = 100;
constexpr std::size_t kCommonNameOctetsMax = 64;  // RFC 5280 appendix A.1, ub-common-name

using ExtensionPointer = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionPointer extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// Letters that a host name or an address can hold; others could change the meaning of what
/// OpenSSL's extension parser reads.
bool is_plain(const std::string& name) {
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:*";
  return !name.empty() && name.size() <= 253 &&
         name.find_first_not_of(kLetters) == std::string::npos;
}

Result<std::string> alternative_names(std::span<const std::string> host_names) {
  std::string out;
  for (const std::string& name : host_names) {
    if (!is_plain(name)) return fail(Kind::malformed, "not a host name", name);
    const std::unique_ptr<ASN1_OCTET_STRING, Freed<ASN1_OCTET_STRING_free>> ip(
        a2i_IPADDRESS(name.c_str()));
    out += (out.empty() ? "" : ",") + std::string(ip ? "IP:" : "DNS:") + name;
  }
  ERR_clear_error();  // of names that are no addresses
  return out;
}

bool fill_in(X509* certificate, EVP_PKEY* key, const std::string& common_name,
             const std::string& names, std::int64_t now_unix_s) {
  const std::unique_ptr<BIGNUM, Freed<BN_free>> serial(BN_new());
  const auto* name = reinterpret_cast<const unsigned char*>(common_name.c_str());
  X509_NAME* subject = X509_get_subject_name(certificate);
  // RFC 5280 §4.1.2.2: a serial number is positive and has at most 20 octets.
  return BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr &&
         X509_set_version(certificate, X509_VERSION_3) == 1 &&
         // A day early: the clocks of clients are not all right.
         ASN1_TIME_set(X509_getm_notBefore(certificate), now_unix_s - kDayS) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), now_unix_s + kValidS) != nullptr &&
         X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, name, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1 &&
         X509_set_pubkey(certificate, key) == 1 &&
         add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
         add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
         add_extension(certificate, NID_subject_key_identifier, "hash") &&
         add_extension(certificate, NID_authority_key_identifier, "keyid:always") &&
         add_extension(certificate, NID_subject_alt_name, names) &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

std::string drained(BIO* bio) {
  char* octets = nullptr;
  const long count = BIO_get_mem_data(bio, &octets);
  return {octets, static_cast<std::size_t>(count)};
}

}  // namespace

Result<SelfSigned> make_self_signed(std::span<const std::string> host_names,
                                    std::int64_t now_unix_s) {
  if (host_names.empty() || host_names.size() > kHostNamesMax)
    return fail(Kind::over_limit, "a certificate is for 1 to 100 names");
  PH_TRY(const std::string names, alternative_names(host_names));
  const KeyPointer key(EVP_EC_gen("P-256"));
  const CertificatePointer certificate(X509_new());
  const std::string common_name = host_names.front().substr(0, kCommonNameOctetsMax);
  const BioPointer certificate_out(BIO_new(BIO_s_mem())), key_out(BIO_new(BIO_s_mem()));
  if (!key || !fill_in(certificate.get(), key.get(), common_name, names, now_unix_s) ||
      PEM_write_bio_X509(certificate_out.get(), certificate.get()) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1)
    return fail(Kind::unavailable, "cannot make a certificate", openssl_error());
  return SelfSigned{drained(certificate_out.get()), drained(key_out.get())};
}

}  // namespace ph::crypto
