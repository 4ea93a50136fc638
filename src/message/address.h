// A mailbox address: local part and domain, as values, not as they were written.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::message {

/// One mailbox address (RFC 5321 §4.1.2 Mailbox, RFC 6531 §3.3).
///   local   the local part's value: unquoted, backslashes resolved; any case as written
///   domain  lower case ASCII; UTF-8 labels as written (RFC 6531); a literal keeps its brackets,
///           "[192.0.2.1]"; empty only for <postmaster> without a domain (RFC 5321 §4.5.1)
/// Both empty: the null reverse path <>.
struct Address {
  std::string local, domain;
  bool null() const { return local.empty() && domain.empty(); }
  bool operator==(const Address&) const = default;
};

/// "local@domain", the local part quoted where its value needs it (RFC 5321 §4.1.2).
/// The null address gives "", a bare postmaster "postmaster".
std::string to_string(const Address& address);

/// Parses "local@domain" (quoted local parts and domain literals too), without <>.
/// malformed: with the reason; the detail holds the offset of the first octet that does not fit.
Result<Address> parse_address(std::string_view text);

/// The form that our own directory compares: local part and domain in lower case (ASCII; other
/// octets as they are).
std::string directory_key(const Address& address);

}  // namespace ph::message
