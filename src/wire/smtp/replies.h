// What the server says to each answer of the house: the one place where a Reason becomes a code.
#pragma once

#include <cstdint>
#include <string_view>

#include "wire/smtp/question.h"
#include "wire/smtp/reply.h"
#include "wire/smtp/session.h"

namespace ph::smtp {

struct VerdictReply {
  Reply reply;
  bool accepted = false;  // the connection, login, sender or recipient is taken
  bool close = false;     // the reply is the last of the connection
};

/// Total over every Reason and About. A reason that makes no sense for the question is never an
/// acceptance: it gives a temporary failure.
///   smtputf8  the reply may show an address outside ASCII (RFC 6531 §3.7.4)
VerdictReply reply_to(About about, const Verdict& verdict, bool smtputf8);

/// The reply after the final dot, or instead of 354.
Reply reply_to(const Received& received, std::uint64_t octets_max);

/// An address as it may stand in a reply: cut, without control characters.
std::string shown(std::string_view text);

}  // namespace ph::smtp
