// MAIL and RCPT as our client says them.
#pragma once

#include <string>
#include <string_view>

#include "message/address.h"
#include "wire/smtp/client.h"

namespace ph::smtp {

/// True if `address` reads back as itself, so that nothing in it can end the path or the line, or
/// begin a parameter.
bool may_be_said(const message::Address& address);

/// "MAIL FROM:<a@b> SIZE=9 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x", with what is offered, and no
/// line end. RFC 1870 §3, RFC 6152 §3, RFC 6531 §3.4, RFC 3461 §4.3, §4.4.
///   seven_bit  its converted form goes out: neither BODY nor SIZE, which is not known
/// An ENVID that is too long or not printable is left out.
std::string mail_command(const Letter& letter, const ClientOffers& offers, bool seven_bit,
                         bool smtputf8);

/// "RCPT TO:<a@b> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a@b". RFC 3461 §4.1, §4.2.
/// NOTIFY is left out where it was not said, and ORCPT where it has no form here: too long, not
/// printable, outside ASCII without SMTPUTF8 (RFC 6533 §3).
std::string rcpt_command(const message::Address& to, const RecipientOptions& options,
                         const ClientOffers& offers, bool smtputf8);

}  // namespace ph::smtp
