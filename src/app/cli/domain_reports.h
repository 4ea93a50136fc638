// posthouse domain reports: its own file.
#pragma once

#include "app/cli/cli.h"

namespace ph::cli {

void add_domain_reports(Command domain, Common& common);

}  // namespace ph::cli
