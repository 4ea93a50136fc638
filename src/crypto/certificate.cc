#include "crypto/certificate.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "crypto/openssl.h"

namespace ph::crypto {
namespace {

/// Certificates in one file: a chain has three or four.
constexpr std::size_t kChainCertificatesMax = 16;

BioPointer reader(std::string_view octets) {
  return BioPointer(BIO_new_mem_buf(octets.data(), static_cast<int>(octets.size())));
}

std::string drained(BIO* bio) {
  char* octets = nullptr;
  const long count = BIO_get_mem_data(bio, &octets);
  return {octets, static_cast<std::size_t>(count)};
}

std::string name_text(const X509_NAME* name) {
  const BioPointer out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253);
  return drained(out.get());
}

Result<std::int64_t> unix_seconds(const ASN1_TIME* time) {
  const std::unique_ptr<ASN1_TIME, Freed<ASN1_TIME_free>> epoch(ASN1_TIME_set(nullptr, 0));
  int days = 0, seconds = 0;
  if (ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1)
    return fail(Kind::malformed, "the certificate holds an unreadable date", openssl_error());
  return std::int64_t{days} * 86400 + seconds;
}

std::string ip_text(const ASN1_OCTET_STRING* ip) {
  const unsigned char* octets = ASN1_STRING_get0_data(ip);
  std::string out;
  if (ASN1_STRING_length(ip) == 4) {
    for (int i = 0; i < 4; ++i) out += (i == 0 ? "" : ".") + std::to_string(octets[i]);
    return out;
  }
  for (int i = 0; i + 1 < ASN1_STRING_length(ip); i += 2) {
    char group[8];
    std::snprintf(group, sizeof group, "%s%x", i == 0 ? "" : ":",
                  static_cast<unsigned>(octets[i] << 8 | octets[i + 1]));
    out += group;
  }
  return out;
}

std::vector<std::string> alternative_names(const X509* certificate) {
  std::vector<std::string> out;
  const std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (!names) return out;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) {
      out.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                       static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      out.push_back(ip_text(name->d.iPAddress));
    }
  }
  return out;
}

int no_passphrase(char*, int, int, void*) { return 0; }  // without it, OpenSSL asks the terminal

}  // namespace

std::string openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no detail";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(code);
}

Result<std::vector<CertificatePointer>> parse_certificates(std::string_view pem) {
  const BioPointer in = reader(pem);
  std::vector<CertificatePointer> out;
  while (out.size() < kChainCertificatesMax) {
    CertificatePointer next(PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr));
    if (!next) break;
    out.push_back(std::move(next));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string why = openssl_error();
  if (out.empty()) return fail(Kind::malformed, "not a certificate in PEM form", why);
  if (!at_end) return fail(Kind::malformed, "a broken or too long certificate chain", why);
  return out;
}

Result<KeyPointer> parse_key(std::string_view pem) {
  const BioPointer in = reader(pem);
  KeyPointer key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
  if (!key) return fail(Kind::malformed, "not a private key in PEM form", openssl_error());
  return key;
}

Result<Done> check_pair(const X509& certificate, const EVP_PKEY& key) {
  if (X509_check_private_key(&certificate, &key) != 1)
    return fail(Kind::refused, "the key does not match the certificate", openssl_error());
  return Done{};
}

Result<CertificateFacts> read_certificate(std::string_view certificate_pem) {
  PH_TRY(const auto chain, parse_certificates(certificate_pem));
  const X509* own = chain.front().get();
  CertificateFacts facts;
  facts.subject = name_text(X509_get_subject_name(own));
  facts.issuer = name_text(X509_get_issuer_name(own));
  facts.names = alternative_names(own);
  PH_TRY(facts.not_before_unix_s, unix_seconds(X509_get0_notBefore(own)));
  PH_TRY(facts.not_after_unix_s, unix_seconds(X509_get0_notAfter(own)));
  return facts;
}

Result<Done> check_key_matches(std::string_view certificate_pem, std::string_view key_pem) {
  PH_TRY(const auto chain, parse_certificates(certificate_pem));
  PH_TRY(const auto key, parse_key(key_pem));
  return check_pair(*chain.front(), *key);
}

}  // namespace ph::crypto
