// In whose name and with which key `auth sign` and `auth seal` sign, and over what.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/cli/auth_answers.h"
#include "base/error.h"
#include "base/time.h"
#include "crypto/signature_key.h"
#include "mailauth/dkim.h"
#include "message/header.h"

namespace ph::cli {

/// Which names a request may say.
enum class Underscores : std::uint8_t { refused, taken };

/// A domain as somebody typed it, as the DNS knows it; a full stop at its end is taken.
/// malformed, with what it is: nothing, or what cannot be a domain's name (a blank, "user@",
/// an IP address). RFC 5321 §4.1.2.
Result<std::string> domain_of(const std::string& typed, Underscores underscores);
/// The same for a selector: parts of letters, digits and hyphens. RFC 6376 §3.1, RFC 8616 §3.
Result<std::string> selector_of(const std::string& typed);

struct Signer {
  std::string domain, selector;  // as the DNS knows them
  crypto::PrivateKey key;
};

/// What `domain`, `selector` and `key` of a request name; reads the key's file.
/// malformed: one of them is missing or wrong, or an RSA key is too short to prove anything
/// (RFC 8301 §3.2); what a key's file has against it names the file.
Result<Signer> signer_of(const AuthRequest& request);

/// How `auth sign` signs: what a request says of it (`expires`, `canonical`, `identity`, `fields`,
/// `no_oversign`), else what mail is signed with.
/// malformed: one of these is wrong, with its flag. RFC 6376 §3.5.
Result<mailauth::DkimSigning> signing_of(const AuthRequest& request, const Signer& signer,
                                         Wall now);

/// Seconds since 1970; 0 for times before.
std::uint64_t seconds_of(Wall at);

/// The message with new fields above its first one; "From " lines of mailboxes stay on top.
///   header  of `message`, with a field at least
std::string with_fields(std::string_view message, const message::Header& header,
                        std::string_view fields);

}  // namespace ph::cli
