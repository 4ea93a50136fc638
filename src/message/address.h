// A mailbox address: local part and domain, as values, not as they were written.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::message {

inline constexpr std::size_t kLocalPartOctetsMax = 64;  // as written; RFC 5321 §4.5.3.1.1
inline constexpr std::size_t kDomainOctetsMax = 255;    // RFC 5321 §4.5.3.1.2
inline constexpr std::size_t kLabelOctetsMax = 63;      // RFC 1035 §2.3.4
/// Of a label in UTF-8: its A-label has at least one octet for each of its characters, and "xn--".
inline constexpr std::size_t kUnicodeLabelOctetsMax = 236;
inline constexpr std::size_t kAddressOctetsMax = 254;  // a path without <>; RFC 5321 §4.5.3.1.3

/// One mailbox address (RFC 5321 §4.1.2 Mailbox, RFC 6531 §3.3).
///   local   the local part's value: unquoted, backslashes resolved; any case as written
///   domain  lower case ASCII; UTF-8 labels as written (RFC 6531); a literal keeps its brackets,
///           "[192.0.2.1]", "[ipv6:2001:db8::1]"; empty only for <postmaster> without a domain
///           (RFC 5321 §4.5.1)
/// Both empty: the null reverse path <>.
struct Address {
  std::string local, domain;
  bool null() const { return local.empty() && domain.empty(); }
  bool operator==(const Address&) const = default;
};

/// "local@domain", the local part quoted where its value needs it (RFC 5321 §4.1.2).
/// The null address gives "", a bare postmaster "postmaster".
std::string to_string(const Address& address);

/// Parses "local@domain" (quoted local parts and domain literals too), without <>. A bare
/// "postmaster" (any case) is taken, with an empty domain. Empty text is malformed: who may be
/// given a null path looks for it first. For each address `a`, parse_address(to_string(a)) is `a`.
/// malformed: with the reason; the detail holds the offset of the first octet that does not fit.
Result<Address> parse_address(std::string_view text);

/// Takes the longest address off the front of `text`; what follows it is left there. On failure
/// `text` is left at the first octet that does not fit.
Result<Address> take_address(std::string_view& text);

/// Takes a domain name or a domain literal off the front of `text`, in the form of Address::domain.
Result<std::string> take_domain(std::string_view& text);

/// True if it may travel without SMTPUTF8.
bool is_ascii(const Address& address);

/// The form that our own directory compares: local part and domain in lower case (ASCII; other
/// octets as they are).
std::string directory_key(const Address& address);

}  // namespace ph::message
