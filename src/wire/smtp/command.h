// The arguments of SMTP commands: text to values, and the reply when they do not fit the grammar.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "message/address.h"
#include "wire/smtp/envelope.h"
#include "wire/smtp/reply.h"

namespace ph::smtp {

/// Longest HELO or EHLO name; a domain name has no more. RFC 5321 §4.5.3.1.2.
inline constexpr std::size_t kHeloOctetsMax = 255;

/// A value, or the negative reply that tells the peer what is wrong with its command.
template <class T>
using Parsed = std::expected<T, Reply>;

struct MailArguments {
  message::Address sender;
  std::optional<std::uint64_t> declared_octets;  // SIZE=, RFC 1870 §6
  Body body = Body::seven_bit;                   // BODY=, RFC 6152 §2
  bool smtputf8 = false;                         // RFC 6531 §3.4
  std::string submitter;                         // AUTH=, decoded; "" for <>; RFC 4954 §5
  Return ret = Return::unsaid;                   // RET=, RFC 3461 §4.3
  std::string envelope_id;                       // ENVID=, decoded; RFC 3461 §4.4
};

/// What follows the verb MAIL, as "FROM:<a@b> SIZE=1000". RFC 5321 §4.1.1.2.
///   strict  an address without <>, or with spaces after the colon, is 501; otherwise it is taken,
///           since devices that send scans and alarms write such
/// A source route, "<@a,@b:user@c>", is read and ignored (RFC 5321 §3.6.1, appendix C).
Parsed<MailArguments> parse_mail(std::string_view arguments, bool strict);

struct RcptArguments {
  message::Address recipient;
  RecipientOptions options;  // NOTIFY=, ORCPT=; RFC 3461 §4.1, §4.2
};

/// What follows the verb RCPT, as "TO:<a@b> NOTIFY=NEVER". RFC 5321 §4.1.1.3.
///   smtputf8  MAIL said SMTPUTF8: addresses, and ORCPT=utf-8;..., may have other characters than
///             ASCII
Parsed<RcptArguments> parse_rcpt(std::string_view arguments, bool strict, bool smtputf8);

/// The decoded text of ORCPT, "type;address", taken apart. nullopt: the type is no atom, or the
/// address is empty or not printable. RFC 3461 §4.2, RFC 6533 §3.
///   utf8  an address of type utf-8 may have characters outside ASCII
struct OriginalRecipient {
  std::string type, value;
};
std::optional<OriginalRecipient> parse_original_recipient(std::string_view text, bool utf8);

/// The name in HELO and EHLO. RFC 5321 §4.1.4 forbids to refuse one that does not verify.
///   strict  no spaces and nothing outside ASCII; otherwise only control characters are refused
Parsed<std::string> parse_helo(std::string_view arguments, bool strict);

/// "VRFY text [SMTPUTF8]". RFC 5321 §4.1.1.6, RFC 6531 §3.7.4.2.
struct VerifyArguments {
  std::string text;
  bool smtputf8 = false;
};
Parsed<VerifyArguments> parse_verify(std::string_view arguments);

}  // namespace ph::smtp
