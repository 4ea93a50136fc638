// Whose message is it? The domains that DMARC looks at.
#pragma once

#include <string>
#include <vector>

#include "message/header.h"

namespace ph::mailauth {

/// The domains in all From fields, as the DNS knows them, each once, in order of appearance; what
/// cannot be a domain is left out. At most one more than DmarcCheck takes: who has more fails.
/// RFC 9989 §4.5.
std::vector<std::string> author_domains(const message::Header& header);

}  // namespace ph::mailauth
