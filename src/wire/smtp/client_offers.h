// What a server offers in its reply to EHLO.
#pragma once

#include <cstdint>

#include "wire/smtp/reply_parser.h"

namespace ph::smtp {

/// RFC 5321 §4.1.1.1: the lines after the first name extensions. Unknown ones are passed over, of
/// one named twice the last counts.
struct ClientOffers {
  bool starttls = false, auth_plain = false, size = false, eight_bit = false, smtputf8 = false;
  bool pipelining = false, dsn = false;
  std::uint64_t octets_max = 0;  // 0: not said, or no limit (RFC 1870 §3)
};
ClientOffers parse_offers(const RemoteReply& ehlo);

}  // namespace ph::smtp
