#include "app/daemon/certificates.h"

#include <vector>

namespace ph::daemon {

CertificateFiles certificate_files(const Config& config) {
  if (!config.certificate.empty()) return {config.certificate, config.key, false};
  return {config.folder + "/tls/cert.pem", config.folder + "/tls/key.pem", true};
}

Result<std::shared_ptr<const crypto::TlsContext>> load_certificate(const Config& config,
                                                                   rt::World& world) {
  const auto files = certificate_files(config);
  auto certificate = world.disk.read(files.certificate);
  auto key = world.disk.read(files.key);
  const auto missing = [](const Result<std::string>& read) {
    return !read && read.error().kind == Kind::not_found;
  };
  if (files.self_made && (missing(certificate) || missing(key))) {
    std::vector<std::string> names{config.hostname};
    if (config.hostname != "localhost") names.emplace_back("localhost");
    const auto now_s = unix_ms(world.clock.wall()) / 1000;
    PH_TRY(auto made, crypto::make_self_signed(names, now_s));
    // The key first: a certificate without its key would be taken for one that somebody put there.
    PH_TRY([[maybe_unused]] const auto kept, world.disk.replace(files.key, made.key_pem, 0600));
    PH_TRY([[maybe_unused]] const auto kept_too,
           world.disk.replace(files.certificate, made.certificate_pem, 0600));
    world.log.write(rt::Level::info, "certificate.made", {{"file", files.certificate}});
    certificate = std::move(made.certificate_pem);
    key = std::move(made.key_pem);
  }
  if (!certificate) return std::unexpected(certificate.error());
  if (!key) return std::unexpected(key.error());
  return crypto::TlsContext::server(*certificate, *key);
}

}  // namespace ph::daemon
