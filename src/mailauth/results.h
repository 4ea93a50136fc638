// What the checks found, as header fields for those who read the message later. RFC 8601,
// RFC 7208 §9.1.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/arc.h"
#include "mailauth/dkim.h"
#include "mailauth/dmarc.h"
#include "mailauth/iprev.h"
#include "mailauth/spf.h"
#include "message/header.h"

namespace ph::mailauth {

/// Signatures that Authentication-Results tells; further ones add nothing to the verdict.
inline constexpr std::size_t kResultsSignaturesMax = 16;

/// What is known of one message. What was not checked is left out.
struct AuthenticationFacts {
  std::string authserv_id;             // our host name
  std::string ip;                      // the client's
  std::string helo;                    // as given
  std::string sender;                  // of MAIL; "" for <>
  std::optional<std::string> account;  // who logged in: auth=pass
  std::optional<IprevOutcome> iprev;
  std::optional<SpfOutcome> spf;       // of MAIL, or of HELO for <>
  std::optional<SpfOutcome> spf_helo;  // of HELO, beside that of a sender
  std::optional<std::vector<DkimOutcome>> dkim;
  std::optional<ArcOutcome> arc;
  std::optional<DmarcOutcome> dmarc;
};

/// The whole Authentication-Results field, in folded lines of at most 998 octets, with CRLF. Texts
/// of strangers stand in it as quoted strings or not at all: a name is never cut, so that no other
/// one is read; U-labels are A-labels, and a local part outside ASCII is left out.
std::string authentication_results_field(const AuthenticationFacts& facts);
/// Its value on one line, for ARC-Authentication-Results.
std::string authentication_results(const AuthenticationFacts& facts);

/// The whole Received-SPF field, with CRLF.
std::string received_spf_field(const SpfOutcome& outcome, const AuthenticationFacts& facts);

/// The Authentication-Results and Received-SPF fields that claim to be ours: whoever passes a
/// message on has to remove them, or a sender could vouch for himself. RFC 8601 §5. They alias the
/// header.
///   authserv_id  compared as people see it: without case, blanks, what is not seen and a full stop
///                behind it, U-labels and A-labels alike
///                as well where it is not alone, or something that is no name stands there
///   also         fields that name nobody, or cannot be read; a Received-SPF that names us among
///                others, or in its comment, or of more than 64 words
///   cost         O(octets) of these fields
std::vector<const message::Field*> forged_results(const message::Header& header,
                                                  std::string_view authserv_id);

}  // namespace ph::mailauth
