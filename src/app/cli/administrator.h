// Asks the house: through the admin socket of the server that holds the store, or, when none runs,
// by opening the store itself, exclusively. The answers are the same (docs/formats/admin.md).
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "app/cli/cli.h"
#include "app/daemon/config.h"

namespace ph::cli {

/// The configuration with whatever is wrong in it. nullopt: there is none to read, complained
/// about.
std::optional<daemon::ConfigRead> read_found_config(const Common& common);
/// The configuration that --config or the usual places name, complete. nullopt: complained about.
std::optional<daemon::Config> find_config(const Common& common);

/// One request and its reply. nullopt: it failed, was complained about (with `hint` as what to do),
/// and `code` is what to exit with.
std::optional<boost::json::object> ask(const Common& common, boost::json::object request, int& code,
                                       std::string_view hint = {});

/// The server's answer to `request` over its socket alone; not_found, unavailable: none runs.
Result<boost::json::object> ask_server(const daemon::Config& config, boost::json::object request);

}  // namespace ph::cli
