// The fields that we put above a message: where it came from, and for whom it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "message/address.h"

namespace ph::message {

/// One hop: how a message reached this server.
struct Hop {
  std::string helo;  // as the client gave it: any octets
  std::string ip;    // "192.0.2.7", "2001:db8::7"
  std::string by;    // our host name
  bool esmtp = false, tls = false, authenticated = false, smtputf8 = false;
  std::string tls_version, tls_cipher;
  std::string queue_id;
  std::optional<Address> recipient;  // only of a message with one: others are nobody's business
  Wall at{};
};

/// The keyword of `with`: SMTP; ESMTP, ESMTPS, ESMTPA, ESMTPSA (RFC 3848); UTF8SMTP, UTF8SMTPS,
/// UTF8SMTPA, UTF8SMTPSA (RFC 6531 §4.3).
std::string_view with_keyword(const Hop& hop);

/// A whole `Received` field (RFC 5321 §4.4 Time-stamp-line) in folded lines of at most 998 octets,
/// each with its CRLF. What came from outside is cut and has "?" for what no name may hold.
std::string received_field(const Hop& hop);

/// "Return-Path: <a@b>" with CRLF: the envelope's sender, at final delivery. RFC 5321 §4.4.
std::string return_path_field(const Address& sender);

/// "Delivered-To: a@b" with CRLF: the recipient whose mailbox it is.
std::string delivered_to_field(const Address& recipient);

}  // namespace ph::message
