// Names as an administrator types them: which are fit to be kept.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "message/address.h"

namespace ph::identity {

/// A domain that mail can be for, in lower case, without a trailing dot. Labels of letters, digits
/// and hyphens, or UTF-8 as they are. malformed: anything else; an address literal; a name whose
/// last label is a number, which would be an IP address to others (RFC 1123 §2.1).
Result<std::string> domain_name(std::string_view text);

/// What domain_name() takes, in the form that a new domain is kept in: A-labels, as all peers can
/// read it (RFC 5890 §2.3.2.1). malformed, too: the DNS can have no such name.
Result<std::string> new_domain_name(std::string_view text);

/// An address with a domain. malformed: not an address (RFC 5321 §4.1.2), or none with a domain.
Result<message::Address> mailbox_address(std::string_view text);

}  // namespace ph::identity
