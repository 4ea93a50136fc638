#include "deliver/own_signatures.h"

#include <utility>

#include "codec/idna.h"
#include "mailauth/signers.h"

namespace ph::deliver {

Task<Result<std::string>> own_domain(identity::Keyring& keys, rt::World& world,  // NOLINT: lent
                                     std::string hostname) {
  for (std::string domain = std::move(hostname); domain.contains('.');
       domain.erase(0, domain.find('.') + 1)) {
    PH_CO_TRY(const auto found,
              co_await keys.signing_keys(domain, world.clock.now() + kReportKeysTime));
    if (!found->empty()) co_return domain;
  }
  co_return std::string();
}

Task<std::string> own_signatures(identity::Keyring& keys, rt::World& world,  // NOLINT: lent
                                 std::string domain, std::shared_ptr<const std::string> message,
                                 Wall now) {
  const auto found = co_await keys.signing_keys(domain, world.clock.now() + kReportKeysTime);
  Result<std::string> fields = std::string();
  if (found) {
    const message::Header header = message::parse_header(*message);
    mailauth::BodyDigest digest(mailauth::Canonical::relaxed, crypto::DigestKind::sha256, {});
    digest.update(std::string_view(*message).substr(static_cast<std::size_t>(header.body())));
    fields =
        mailauth::sign_with_all(header, codec::dns_spelling(domain), **found, digest.finish(), now);
  } else {
    fields = std::unexpected(found.error());
  }
  if (fields) co_return *std::move(fields);
  world.log.error("deliver: a report goes out without a signature", fields.error());
  co_return std::string();
}

}  // namespace ph::deliver
