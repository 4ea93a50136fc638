// The server's certificate: read from the files that the configuration names, or self-made once and
// kept in the server's folder; reloaded while sessions go on with the one they began with.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "app/daemon/config.h"
#include "crypto/tls.h"
#include "rt/world.h"

namespace ph::daemon {

/// Where certificate and key are: as configured, else tls/cert.pem and tls/key.pem in the folder.
struct CertificateFiles {
  std::string certificate, key;
  bool self_made = false;
};
CertificateFiles certificate_files(const Config& config);

/// Reads them; makes the self-signed pair where it is missing (mode 0600).
Result<std::shared_ptr<const crypto::TlsContext>> load_certificate(const Config& config,
                                                                   rt::World& world);

/// Shared by all listeners; from any thread.
class Certificates {
 public:
  explicit Certificates(std::shared_ptr<const crypto::TlsContext> context)
      : context_(std::move(context)) {}
  std::shared_ptr<const crypto::TlsContext> get() const {
    const std::scoped_lock lock(mutex_);
    return context_;
  }
  void set(std::shared_ptr<const crypto::TlsContext> context) {
    const std::scoped_lock lock(mutex_);
    context_ = std::move(context);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const crypto::TlsContext> context_;  // shared with the connections that use it
};

}  // namespace ph::daemon
