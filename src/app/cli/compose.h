// A plain message from a command line: header and body. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "message/address.h"

namespace ph::cli {

struct Composition {
  message::Address from;  // null: <>, then the From field names MAILER-DAEMON
  std::vector<message::Address> to;
  std::string subject;     // UTF-8; line ends become spaces
  std::string body;        // any octets; line ends are left to the SMTP encoder
  std::string message_id;  // without <>
  Wall date{};
};

/// Header and body with CRLF after each header line (RFC 5322 §2.2, RFC 2047 §2 for the subject,
/// RFC 2045 §6.2 for a body that is not ASCII).
std::string compose(const Composition& what);

/// `text` as the value of an unstructured field: as it is when ASCII, else encoded words of at most
/// 75 octets, folded. Octets that are not UTF-8 are replaced.
std::string header_text(std::string_view text);

}  // namespace ph::cli
