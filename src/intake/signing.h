// What a message gets from us on its way in: DKIM signatures when it is one of our users', an ARC
// seal when it came from elsewhere and an alias sends it on to elsewhere.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "identity/keyring.h"
#include "mailauth/results.h"
#include "wire/smtp/envelope.h"

namespace ph::intake {

/// For keys and addresses; they are in memory as a rule.
inline constexpr std::chrono::seconds kSigningTime{10};
/// Aliases that lead to aliases are followed so far when it is asked whether mail goes on.
inline constexpr std::size_t kForwardDepthMax = 8;

class Signing {
 public:
  virtual ~Signing() = default;
  /// The header is whole, the body has not begun. `shared`: digests that somebody else feeds;
  /// nullptr: bodies() are fed by the caller.
  virtual void want(mailauth::BodyDigests* shared) = 0;
  virtual mailauth::BodyDigests& bodies() = 0;
  /// The fields to put above `header`, the message's whole header with what we add; "" when none
  /// of our domains signs it. After the last octet.
  ///   found  by the checks of the sender, if any were made
  virtual Task<Result<std::string>> fields(std::string header, Wall now,
                                           const mailauth::AuthenticationFacts* found) = 0;
};

/// nullptr: neither a submission nor mail that was checked. All references outlive it, and the
/// envelope does.
std::unique_ptr<Signing> make_signing(identity::Keyring& keys, identity::Directory& directory,
                                      rt::World& world, const smtp::Envelope& envelope,
                                      bool checked);

}  // namespace ph::intake
