#include "intake/signing.h"

#include <utility>

#include "base/ascii.h"
#include "codec/idna.h"
#include "mailauth/signers.h"
#include "message/address_list.h"

namespace ph::intake {
namespace {

using identity::Resolved;
using mailauth::Canonical;

class Signer : public Signing {
 public:
  Signer(identity::Keyring& keys, identity::Directory& directory, rt::World& world,
         const smtp::Envelope& envelope)
      : keys_(keys), directory_(directory), world_(world), envelope_(envelope) {}

  void want(mailauth::BodyDigests* shared) override {
    if (shared != nullptr) shared_ = shared;
    body_ = bodies().want(Canonical::relaxed, crypto::DigestKind::sha256);
  }
  mailauth::BodyDigests& bodies() override { return shared_ != nullptr ? *shared_ : own_; }

 protected:
  rt::Instant deadline() const { return world_.clock.now() + kSigningTime; }

  identity::Keyring& keys_;
  identity::Directory& directory_;
  rt::World& world_;
  const smtp::Envelope& envelope_;
  std::optional<std::size_t> body_;

 private:
  mailauth::BodyDigests own_;
  mailauth::BodyDigests* shared_ = nullptr;
};

/// The first author of a message; nullopt: it names none.
std::optional<message::Address> author_of(const message::Header& header) {
  const message::Field* from = header.first("from");
  if (from == nullptr) return std::nullopt;
  const auto list = message::parse_address_list(from->value);
  if (list.mailboxes.empty() || list.mailboxes.front().domain.empty()) return std::nullopt;
  const message::Mailbox& first = list.mailboxes.front();
  return message::Address{first.local, ascii_lower(std::string_view(first.domain))};
}

class SubmissionSigner final : public Signer {
 public:
  using Signer::Signer;
  Task<Result<std::string>> fields(std::string header, Wall now,
                                   const mailauth::AuthenticationFacts* found) override;

 private:
  Task<Result<std::string>> domain(std::optional<message::Address> author);
};

/// In whose name: the author's domain, where the user may speak for it, else that of the envelope's
/// sender, which is the user's own.
Task<Result<std::string>> SubmissionSigner::domain(std::optional<message::Address> author) {
  const std::string sender = ascii_lower(std::string_view(envelope_.sender.domain));
  const std::string& login = envelope_.client.login;
  const std::string own = ascii_lower(std::string_view(login).substr(login.rfind('@') + 1));
  if (!author) co_return sender.empty() ? own : sender;
  // A trusted network has no account: it speaks for all of us.
  if (author->domain == sender || author->domain == own || envelope_.client.account.empty())
    co_return author->domain;
  PH_CO_TRY(const bool owns,
            co_await directory_.owns(envelope_.client.account, *author, deadline()));
  co_return owns ? author->domain : (sender.empty() ? own : sender);
}

Task<Result<std::string>> SubmissionSigner::fields(std::string header, Wall now,
                                                   const mailauth::AuthenticationFacts*) {
  bodies().finish();
  if (!body_) co_return std::string();
  const message::Header parsed = message::parse_header(header);
  PH_CO_TRY(const std::string in_name_of, co_await domain(author_of(parsed)));
  if (in_name_of.empty()) co_return std::string();
  PH_CO_TRY(const auto keys, co_await keys_.signing_keys(in_name_of, deadline()));
  // A-labels, also where the author's address has none: they are right in both kinds of mail.
  // RFC 8616 §5.
  co_return mailauth::sign_with_all(parsed, codec::dns_spelling(in_name_of), *keys,
                                    bodies().value(*body_), now);
}

class ForwardSealer final : public Signer {
 public:
  using Signer::Signer;
  Task<Result<std::string>> fields(std::string header, Wall now,
                                   const mailauth::AuthenticationFacts* found) override;

 private:
  Task<Result<bool>> leaves(message::Address recipient);
};

/// Does mail for `recipient`, one of ours, go on to another server?
Task<Result<bool>> ForwardSealer::leaves(message::Address recipient) {
  std::vector<std::pair<message::Address, std::size_t>> open{{std::move(recipient), 0}};
  while (!open.empty()) {
    auto [address, depth] = std::move(open.back());
    open.pop_back();
    PH_CO_TRY(Resolved found, co_await directory_.resolve(std::move(address), deadline()));
    if (found.what == Resolved::What::not_local) co_return true;
    const bool goes_on = found.what == Resolved::What::alias ||
                         (found.what == Resolved::What::moved && found.account.forward);
    if (!goes_on || depth == kForwardDepthMax) continue;
    for (message::Address& target : found.targets) open.emplace_back(std::move(target), depth + 1);
  }
  co_return false;
}

Task<Result<std::string>> ForwardSealer::fields(std::string header, Wall now,
                                                const mailauth::AuthenticationFacts* found) {
  if (!body_ || found == nullptr) co_return std::string();
  // Sealed as failed it would stay so for ever, because of trouble that passes.
  if (found->arc && found->arc->result == mailauth::ArcResult::temperror) co_return std::string();
  for (const message::Address& recipient : envelope_.recipients) {
    const std::string domain = codec::dns_spelling(recipient.domain);
    PH_CO_TRY(const bool goes_on, co_await leaves(recipient));
    if (!goes_on) continue;
    PH_CO_TRY(const auto keys, co_await keys_.signing_keys(domain, deadline()));
    if (keys->empty()) continue;
    const message::Header parsed = message::parse_header(header);
    mailauth::ArcSealing how{.domain = domain,
                             .selector = keys->front().selector,
                             .results = mailauth::authentication_results(*found),
                             .chain = found->arc ? found->arc->result : mailauth::ArcResult::none};
    how.sealed_at = static_cast<std::uint64_t>(unix_ms(now) / 1000);
    auto sealed = mailauth::seal_arc(parsed, how, keys->front().key, bodies().value(*body_));
    if (sealed) co_return sealed;
    // A chain that failed before is not to be gone on with: RFC 8617 §5.1.
    if (sealed.error().kind == Kind::refused) co_return std::string();
    co_return sealed;
  }
  co_return std::string();
}

}  // namespace

std::unique_ptr<Signing> make_signing(identity::Keyring& keys, identity::Directory& directory,
                                      rt::World& world, const smtp::Envelope& envelope,
                                      bool checked) {
  if (envelope.client.role == smtp::Role::submission)
    return std::make_unique<SubmissionSigner>(keys, directory, world, envelope);
  if (checked) return std::make_unique<ForwardSealer>(keys, directory, world, envelope);
  return nullptr;
}

}  // namespace ph::intake
