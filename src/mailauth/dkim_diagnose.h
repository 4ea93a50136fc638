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
/// Octets of the signed fields of a header whose changes are guessed.
inline constexpr std::size_t kDiagnosedHeaderOctetsMax = 64 << 10;
/// Headers that are tried: each costs a public key operation.
inline constexpr std::size_t kDiagnosedHeadersMax = 512;

struct DkimChange {
  // "body_added", "body_form", "body_spaced", "field_rewritten", "field_added", "field_missing",
  // "field_spaced", "header_form", "header_spaced"
  std::string kind;
  std::string what;  // one sentence
};

/// Compares a signature that does not pass with the message that it stands in.
///
///   body     octets behind the empty line, CRLF line ends
///   returns  what was found; empty where nothing can be said
///   cost     O(body) octets hashed, and a digest of some 64 octets an end that is tried
///
/// A body is told to have been added to only where the digest of what stands before fits bh=; a
/// field to have been rewritten only where z= has its old value.
std::vector<DkimChange> diagnose_dkim(const message::Header& header, std::string_view body,
                                      const DkimSignature& signature);

/// Looks for a header that the signature fits. Only white space may have changed, and a relaxed
/// signature would have passed (RFC 6376 §3.4.1, §3.4.2); or fields were rewritten or added as
/// mailing lists and gateways do, see dkim_rewrites.h.
///
///   key_record  of the key, as DkimOutcome has it; "": the header is as it was signed, or nothing
///               can be said
///   returns     what was found; empty where nothing can be said
///   cost        a public key operation for each header that is tried: 16 forms, and
///               kDiagnosedHeadersMax
std::vector<DkimChange> diagnose_header(const message::Header& header, const message::Field& field,
                                        const DkimSignature& signature,
                                        std::string_view key_record);

/// A value as people compare it: unfolded, each run of blanks one, none at its ends.
std::string on_one_line(std::string_view value);

}  // namespace ph::mailauth
