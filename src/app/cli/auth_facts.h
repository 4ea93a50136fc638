// What the checks of a sender came to, as JSON: the names and forms that docs/cli.md promises.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <vector>

#include "mailauth/arc.h"
#include "mailauth/dkim.h"
#include "mailauth/dmarc.h"
#include "mailauth/lint.h"
#include "mailauth/spf.h"

namespace ph::cli {

// Each has "result", "why", "fix" and "code": the exit code of the command.
boost::json::object facts(const mailauth::SpfOutcome& outcome);
boost::json::object facts(const std::vector<mailauth::DkimOutcome>& outcomes);
boost::json::object facts(const mailauth::DmarcOutcome& outcome);
boost::json::object facts(const mailauth::ArcOutcome& outcome);
/// Without "result", "why" and "fix": each finding has its own.
boost::json::object facts(const mailauth::LintOutcome& outcome);

/// One signature.
boost::json::object facts(const mailauth::DkimOutcome& outcome);

}  // namespace ph::cli
