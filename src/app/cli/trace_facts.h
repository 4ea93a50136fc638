// A journey as JSON: the names and forms that docs/cli.md promises.
#pragma once

#include <boost/json/object.hpp>

#include "explain/journey.h"

namespace ph::cli {

boost::json::object facts(const explain::Journey& journey);

}  // namespace ph::cli
