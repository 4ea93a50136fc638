#include <openssl/x509v3.h>

#include <array>
#include <cstring>

#include "crypto/tls_context.h"

namespace ph::crypto {
namespace {

/// The two queues of ciphertext. OpenSSL's own memory BIO never gives memory back; these do, so an
/// idle connection owns none.
struct Wires {
  std::string in;  // from the peer, of which `in_used` octets are read
  std::size_t in_used = 0;
  std::string out;
};

Wires& wires_of(BIO* bio) { return *static_cast<Wires*>(BIO_get_data(bio)); }

int read_wire(BIO* bio, char* into, std::size_t octets_max, std::size_t* octets) {
  Wires& wires = wires_of(bio);
  BIO_clear_retry_flags(bio);
  *octets = std::min(octets_max, wires.in.size() - wires.in_used);
  if (*octets == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  std::memcpy(into, wires.in.data() + wires.in_used, *octets);
  wires.in_used += *octets;
  if (wires.in_used == wires.in.size()) {
    std::string().swap(wires.in);
    wires.in_used = 0;
  }
  return 1;
}

int write_wire(BIO* bio, const char* from, std::size_t octets_max, std::size_t* octets) {
  wires_of(bio).out.append(from, octets_max);
  *octets = octets_max;
  return 1;
}

long control_wire(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* make_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "posthouse wire");
  PH_CHECK(method != nullptr && BIO_meth_set_read_ex(method, read_wire) == 1 &&
           BIO_meth_set_write_ex(method, write_wire) == 1 &&
           BIO_meth_set_ctrl(method, control_wire) == 1);
  return method;
}

class OpensslMachine final : public TlsMachine {
 public:
  OpensslMachine(std::shared_ptr<const TlsContext> context, bool server, std::string_view host);
  ~OpensslMachine() override {
    // A connection freed without close_notify makes its session useless for resumption, also when
    // the peer just went: OpenSSL is told that both have said goodbye.
    SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }

  void feed(std::span<const char> octets) override {
    wires_.in.append(octets.data(), octets.size());
  }
  Result<bool> handshake() override;
  Result<std::size_t> read(std::string& into) override;
  Result<Done> write(std::span<const char> octets) override;
  void close() override {
    if (!broken_ && SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  std::string take_output() override { return std::exchange(wires_.out, {}); }
  TlsInfo info() const override {
    return {SSL_get_version(ssl_.get()), SSL_get_cipher_name(ssl_.get())};
  }

 private:
  void expect_host(const std::string& host, bool verify);
  std::string why() const;

  std::shared_ptr<const TlsContext> context_;  // with every connection that began under it
  Wires wires_;
  SslPointer ssl_;
  bool broken_ = false;  // after a fatal error OpenSSL must not be called for I/O again
};

OpensslMachine::OpensslMachine(std::shared_ptr<const TlsContext> context, bool server,
                               std::string_view host)
    : context_(std::move(context)) {
  static BIO_METHOD* const method = make_method();
  const auto& openssl = static_cast<const OpensslContext&>(*context_);
  ssl_.reset(SSL_new(openssl.context.get()));
  BIO* bio = BIO_new(method);
  PH_CHECK(ssl_ && bio != nullptr);
  BIO_set_data(bio, &wires_);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);  // which now owns it
  if (server) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
    expect_host(std::string(host), openssl.verify);
  }
}

void OpensslMachine::expect_host(const std::string& host, bool verify) {
  if (host.empty()) {
    broken_ = verify;  // a certificate for nobody in particular proves nothing
    return;
  }
  const std::unique_ptr<ASN1_OCTET_STRING, Freed<ASN1_OCTET_STRING_free>> ip(
      a2i_IPADDRESS(host.c_str()));
  ERR_clear_error();
  if (!ip) SSL_set_tlsext_host_name(ssl_.get(), host.c_str());  // RFC 6066 §3: no addresses
  if (!verify) return;
  if (ip) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str());
  } else {
    SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl_.get(), host.c_str());
  }
}

/// The reason of the last failure; a certificate that was not believed has a better text.
std::string OpensslMachine::why() const {
  const std::string text = openssl_error();
  const long verified = SSL_get_verify_result(ssl_.get());
  if (verified == X509_V_OK) return text;
  return text + ": " + X509_verify_cert_error_string(verified);
}

Result<bool> OpensslMachine::handshake() {
  if (broken_) return fail(Kind::refused, "the TLS handshake failed");
  ERR_clear_error();
  const int outcome = SSL_do_handshake(ssl_.get());
  if (outcome == 1) return true;
  if (SSL_get_error(ssl_.get(), outcome) == SSL_ERROR_WANT_READ) return false;
  broken_ = true;
  return fail(Kind::refused, "the TLS handshake failed", why());
}

Result<std::size_t> OpensslMachine::read(std::string& into) {
  if (broken_) return fail(Kind::malformed, "a broken TLS record");
  const std::size_t before = into.size();
  for (;;) {
    [[clang::uninitialized]] std::array<char, SSL3_RT_MAX_PLAIN_LENGTH> record;  // holds any
    std::size_t octets = 0;
    ERR_clear_error();
    const int outcome = SSL_read_ex(ssl_.get(), record.data(), record.size(), &octets);
    if (outcome == 1) {
      into.append(record.data(), octets);
      continue;
    }
    const std::size_t appended = into.size() - before;
    switch (SSL_get_error(ssl_.get(), outcome)) {
      case SSL_ERROR_WANT_READ: return appended;
      case SSL_ERROR_ZERO_RETURN:
        if (appended > 0) return appended;  // the next call says it again
        return fail(Kind::cancelled, "the peer closed TLS");
      default:
        broken_ = true;
        if (appended > 0) return appended;
        return fail(Kind::malformed, "a broken TLS record", why());
    }
  }
}

Result<Done> OpensslMachine::write(std::span<const char> octets) {
  if (broken_) return fail(Kind::cancelled, "the TLS connection broke");
  while (!octets.empty()) {
    std::size_t taken = 0;
    ERR_clear_error();
    if (SSL_write_ex(ssl_.get(), octets.data(), octets.size(), &taken) != 1) {
      broken_ = true;
      return fail(Kind::cancelled, "the TLS connection broke", why());
    }
    octets = octets.subspan(taken);
  }
  return Done{};
}

}  // namespace

std::unique_ptr<TlsMachine> TlsMachine::server(std::shared_ptr<const TlsContext> context) {
  return std::make_unique<OpensslMachine>(std::move(context), true, "");
}

std::unique_ptr<TlsMachine> TlsMachine::client(std::shared_ptr<const TlsContext> context,
                                               std::string_view host) {
  return std::make_unique<OpensslMachine>(std::move(context), false, host);
}

}  // namespace ph::crypto
