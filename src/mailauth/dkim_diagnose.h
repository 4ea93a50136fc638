// What was changed on the way, where a signature does not fit any more: guesses that a digest
// confirms, for people.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/dkim.h"
#include "message/header.h"

namespace ph::mailauth {

/// Octets of a body that are looked at for a prefix that was signed.
inline constexpr std::size_t kDiagnosedBodyOctetsMax = 16 << 20;
/// Line ends of it at which the signed body may have ended: the last ones are tried.
inline constexpr std::size_t kDiagnosedEndsMax = 20'000;

struct DkimChange {
  std::string kind;  // "body_added", "body_form", "field_rewritten", "field_missing"
  std::string what;  // one sentence
};

/// Compares a signature field that does not pass with the message that it stands in.
///
///   field    the DKIM-Signature or ARC-Message-Signature
///   body     octets behind the empty line, CRLF line ends
///   returns  what was found; empty where nothing can be said
///   cost     O(body) octets hashed, and a digest of some 64 octets an end that is tried
///
/// A body is told to have been added to only where the digest of what stands before fits bh=; a
/// field to have been rewritten only where z= has its old value.
std::vector<DkimChange> diagnose_dkim(const message::Header& header, const message::Field& field,
                                      std::string_view body, const DkimSignature& signature);

}  // namespace ph::mailauth
