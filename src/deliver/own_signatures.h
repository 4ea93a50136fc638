// The signatures of mail that we write ourselves: reports.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "identity/keyring.h"
#include "rt/world.h"

namespace ph::deliver {

/// For the keys that sign a report; they are in memory as a rule.
inline constexpr std::chrono::seconds kReportKeysTime{10};

/// The domain of ours that `hostname` is, or lies below: the first that has keys. "": none has.
/// In the spelling of `hostname`.
/// unavailable: the keys cannot be read now.
Task<Result<std::string>> own_domain(identity::Keyring& keys, rt::World& world,  // NOLINT: lent
                                     std::string hostname);

/// The DKIM-Signature fields of `message` in the name of `domain`, in A-labels (RFC 8616 §5); ""
/// without keys. A report that is not signed is better than none, so nothing here fails: what went
/// wrong is logged.
Task<std::string> own_signatures(identity::Keyring& keys, rt::World& world,  // NOLINT: lent
                                 std::string domain, std::shared_ptr<const std::string> message,
                                 Wall now);

}  // namespace ph::deliver
