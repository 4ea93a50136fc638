#include "crypto/tls_context.h"

#include <openssl/pem.h>

namespace ph::crypto {
namespace {

// TLS 1.2: forward secrecy and authenticated encryption; then the CBC suites with forward secrecy,
// which devices of ten years ago still need (RFC 9325 §4.2). 1.3 has only good ones.
constexpr const char* kCiphers12 =
    "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:!aNULL:!eNULL:!MD5:!PSK:!SRP:!CAMELLIA:!ARIA";
constexpr const char* kGroups = "X25519:P-256:P-384";
// Session tickets after a 1.3 handshake; a mail client resumes one connection at a time.
constexpr std::size_t kTicketsPerHandshake = 1;

Result<SslContextPointer> new_context(const SSL_METHOD* method) {
  SslContextPointer context(SSL_CTX_new(method));
  if (!context) return fail(Kind::unavailable, "cannot set up TLS", openssl_error());
  SSL_CTX* ctx = context.get();
  // RFC 8996: nothing below 1.2. Renegotiation only ever helped attackers (RFC 5746); compression
  // leaks (RFC 7457 §2.6).
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // An idle connection keeps no record buffers.
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
  if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(ctx, kCiphers12) != 1 || SSL_CTX_set1_groups_list(ctx, kGroups) != 1)
    return fail(Kind::unavailable, "cannot set up TLS", openssl_error());
  return context;
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::server(std::string_view certificate_pem,
                                                             std::string_view key_pem) {
  PH_TRY(auto chain, parse_certificates(certificate_pem));
  PH_TRY(const KeyPointer key, parse_key(key_pem));
  PH_TRY([[maybe_unused]] const Done pair, check_pair(*chain.front(), *key));
  auto out = std::make_shared<OpensslContext>();
  PH_TRY(out->context, new_context(TLS_server_method()));
  SSL_CTX* ctx = out->context.get();
  bool good = SSL_CTX_use_certificate(ctx, chain.front().get()) == 1 &&
              SSL_CTX_use_PrivateKey(ctx, key.get()) == 1;
  for (std::size_t i = 1; i < chain.size(); ++i)
    good = good && SSL_CTX_add1_chain_cert(ctx, chain[i].get()) == 1;
  if (!good) return fail(Kind::refused, "the certificate cannot be used", openssl_error());
  // Sessions live in tickets that the client keeps: no cache of ours, nothing to bound.
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(ctx, kTicketsPerHandshake);
  constexpr unsigned char kSessionName[] = "posthouse";
  SSL_CTX_set_session_id_context(ctx, kSessionName, sizeof kSessionName - 1);
  return out;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client(bool verify,
                                                             std::string_view trusted_pem) {
  auto out = std::make_shared<OpensslContext>();
  PH_TRY(out->context, new_context(TLS_client_method()));
  out->verify = verify;
  SSL_CTX* ctx = out->context.get();
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  if (!verify) return out;
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  if (trusted_pem.empty()) {
    if (SSL_CTX_set_default_verify_paths(ctx) != 1)
      return fail(Kind::unavailable, "cannot find the system's trusted certificates",
                  openssl_error());
    return out;
  }
  PH_TRY(const auto trusted, parse_certificates(trusted_pem));
  for (const auto& certificate : trusted)
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), certificate.get()) != 1)
      return fail(Kind::malformed, "a trusted certificate cannot be used", openssl_error());
  return out;
}

}  // namespace ph::crypto
