// What DMARC came to, in sentences for people: why and fix of an outcome.
#pragma once

#include <string>
#include <string_view>

#include "mailauth/dmarc.h"

namespace ph::mailauth {

/// A record applies: the message passes, or nothing vouches for its author.
void explain_judged(DmarcOutcome& outcome);
/// `domain` publishes records of which none counts, as `wrong` says.
void explain_unusable(DmarcOutcome& outcome, std::string_view domain, const std::string& wrong);
/// There is no record.
void explain_missing(DmarcOutcome& outcome);

}  // namespace ph::mailauth
