// A request of `posthouse auth --batch`.
#pragma once

#include <boost/json/object.hpp>

#include "app/cli/auth_answers.h"
#include "base/error.h"

namespace ph::cli {

/// Reads one request, and the file that it names.
///   usual    what holds where it says nothing
///   fails    malformed: first where "do" is none of the parts, then where a member is none that a
///            request has (its name is the detail), or has a value of another kind; what
///            octets_of() fails with
Result<AuthRequest> request_of(const boost::json::object& request, const AuthRequest& usual);

}  // namespace ph::cli
