// TLS as a machine between two pairs of buffers: no sockets, no waiting. RFC 8446, RFC 8996 (1.2 is
// the least). The only room that includes OpenSSL.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::crypto {

/// Certificate chain and key of a server, or the trust of a client; shared by all its connections.
/// Immutable: a reload makes a new one (shared: listener and the connections that still use it).
class TlsContext {
 public:
  virtual ~TlsContext() = default;
  /// malformed: not PEM; refused: the key does not match the certificate.
  static Result<std::shared_ptr<const TlsContext>> server(std::string_view certificate_pem,
                                                          std::string_view key_pem);
  /// verify false: opportunistic (RFC 3207 between servers) or a self-signed test certificate.
  /// `trusted_pem`: the certificates to trust when verifying; empty: the system's. malformed: not
  /// PEM.
  static Result<std::shared_ptr<const TlsContext>> client(bool verify,
                                                          std::string_view trusted_pem = {});
};

struct TlsInfo {
  std::string version;  // "TLSv1.3"
  std::string cipher;   // "TLS_AES_256_GCM_SHA384"
};

/// One TLS connection. Feed what the network gave, send what take_output() gives.
class TlsMachine {
 public:
  virtual ~TlsMachine() = default;
  static std::unique_ptr<TlsMachine> server(std::shared_ptr<const TlsContext> context);
  /// `host` goes into SNI and is checked against the certificate if the context verifies.
  static std::unique_ptr<TlsMachine> client(std::shared_ptr<const TlsContext> context,
                                            std::string_view host);
  /// Ciphertext from the peer.
  virtual void feed(std::span<const char> octets) = 0;
  /// Goes on with the handshake. true: done; false: needs more from the peer. refused: it failed.
  virtual Result<bool> handshake() = 0;
  /// Appends plaintext to `into`. Returns octets appended; 0: needs more from the peer. cancelled:
  /// the peer closed. malformed: broken record.
  virtual Result<std::size_t> read(std::string& into) = 0;
  /// Encrypts all of it. Only after the handshake.
  virtual Result<Done> write(std::span<const char> octets) = 0;
  /// Queues close_notify.
  virtual void close() = 0;
  /// Ciphertext to send; empties the queue.
  virtual std::string take_output() = 0;
  virtual TlsInfo info() const = 0;
};

/// A fresh ECDSA P-256 key and a self-signed certificate for these names (RFC 5280), valid for ten
/// years from `now_unix_s`.
struct SelfSigned {
  std::string certificate_pem, key_pem;
};
Result<SelfSigned> make_self_signed(std::span<const std::string> host_names,
                                    std::int64_t now_unix_s);

}  // namespace ph::crypto
