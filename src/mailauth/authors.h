// Whose message is it? The domains that DMARC looks at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "message/header.h"

namespace ph::mailauth {

/// Why From does not say in whose name a message comes: what people would see is not what a
/// program can look up. RFC 5322 §3.6.2, RFC 7489 §6.6.1.
enum class AuthorTrouble : std::uint8_t {
  none,
  unread,     // the header has more than is read of one: another From may stand there
  folded,     // it begins with a blank: readers pass over the first line, or take it for a field
  missing,    // no From field, or an empty one
  several,    // From fields: readers show the one or the other
  unclear,    // control characters: readers end the text there, or pass over them
  hidden,     // text that shows an address, where no address stands; also with U+FF20 or U+FE6B
  no_domain,  // behind an "@" stands what looks like a domain and cannot be one
  too_many,   // more than kDmarcAuthorDomainsMax domains
  nobody,     // words alone, or an empty group (RFC 6854 §2)
};
/// A part of a sentence: "From names nobody's address".
std::string_view to_string(AuthorTrouble trouble);

struct Authors {
  std::vector<std::string> domains;  // as the DNS knows them, each once, in order of appearance
  AuthorTrouble trouble = AuthorTrouble::none;  // the first of what is wrong, as ordered above
};

/// Reads all From fields. A domain is whatever any reader may take for the author's: of each
/// address, in groups, routes and quotes too, and of what looks like an address in a name without
/// quotes ("@" or a sign like it, a label, a dot, a label). A display name in quotes and a comment
/// are none. Address literals have no domain. At most one domain more than DmarcCheck takes.
/// O(octets of From). RFC 9989 §5.3.1, §11.5.
Authors authors_of(const message::Header& header);

}  // namespace ph::mailauth
