// A DKIM-Signature field as its grammar has it. RFC 6376 §3.5.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "crypto/signature_key.h"
#include "mailauth/canonical.h"
#include "mailauth/tag_list.h"

namespace ph::mailauth {

/// Names in h= that are looked at.
inline constexpr std::size_t kDkimSignedFieldsMax = 1024;

struct DkimSignature {
  crypto::KeyKind kind = crypto::KeyKind::rsa;
  crypto::DigestKind digest = crypto::DigestKind::sha256;
  std::string algorithm;  // a=, as it stands
  std::string signature;  // octets of b=
  std::string b_text;     // b= without white space: what Authentication-Results cites
  std::string body_hash;  // octets of bh=
  Canonical header_form = Canonical::simple, body_form = Canonical::simple;
  std::string domain;                                       // d=, lower case
  std::string selector;                                     // s=, lower case
  std::string identity;                                     // i=, or "@" and d=
  std::vector<std::string> fields;                          // h=, lower case
  std::optional<std::uint64_t> body_octets;                 // l=
  std::optional<std::uint64_t> signed_at, expires;          // t=, x=: seconds since 1970
  std::vector<std::pair<std::string, std::string>> copied;  // z=: names and values, decoded
};

/// Reads a field's value.
///   malformed   with the reason: a tag that is missing or wrong
///   over_limit  a list that is too long
/// What it does not judge: whether the algorithm is one that counts (sha1), and times.
Result<DkimSignature> parse_dkim_signature(std::string_view value);

/// The signatures that are written alike: DKIM-Signature, and ARC-Message-Signature, which has no
/// v= and whose i= is an instance (RFC 8617 §4.1.2).
enum class SignatureKind : std::uint8_t { dkim, arc_message };
Result<DkimSignature> parse_signature_tags(std::string_view value, SignatureKind kind);
/// ARC-Seal: no names of fields, no body (RFC 8617 §4.1.3).
Result<DkimSignature> parse_seal_signature(const TagList& tags);

/// What DKIM-Signature, ARC-Message-Signature and ARC-Seal share: "rsa-sha256" and its siblings.
/// false: unknown.
bool parse_algorithm(std::string_view text, crypto::KeyKind& kind, crypto::DigestKind& digest);

/// A signature field's raw octets with nothing in its b= tag, everything else as it was: the form
/// in which it signs itself. RFC 6376 §3.5 b=.
std::string without_signature(std::string_view raw_field);

/// dkim-quoted-printable decoded. RFC 6376 §2.11.
std::string decode_dkim_quoted(std::string_view text);

}  // namespace ph::mailauth
