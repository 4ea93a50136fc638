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
  // "body_added", "body_form", "body_spaced", "field_rewritten", "field_missing", "field_spaced",
  // "header_form", "header_spaced"
  std::string kind;
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

/// Looks for a form in which the header of a simple signature fits: what was changed then is white
/// space alone, and a relaxed one would have passed. RFC 6376 §3.4.1, §3.4.2.
///
///   key_record  of the key, as DkimOutcome has it; "": nothing can be said
///   returns     what was found, at most one thing; empty where nothing can be said
///   cost        a copy of the header and a public key operation a form, of which there are 16
std::vector<DkimChange> diagnose_header(const message::Header& header, const message::Field& field,
                                        const DkimSignature& signature,
                                        std::string_view key_record);

}  // namespace ph::mailauth
