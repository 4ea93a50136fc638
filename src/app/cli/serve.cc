// posthouse serve
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "app/cli/administrator.h"
#include "app/cli/cli.h"
#include "app/cli/output.h"
#include "app/daemon/server.h"

namespace ph::cli {
namespace {

int serve(const Common& common, bool demo) {
  auto config = find_config(common);
  if (!config) return kCouldNotRun;
  auto served =
      daemon::run_server(std::move(*config), {common.program, std::string(kVersion), demo});
  if (served) return kFine;
  complain(served.error(), "'posthouse check' says everything that stands in the way");
  return kCouldNotRun;
}

}  // namespace

void add_serve(CLI::App& app, Common& common) {
  auto* command = app.add_subcommand("serve", "run the server in the foreground");
  const auto demo = std::make_shared<bool>(false);
  command->add_flag("--demo", *demo,
                    "in a store without domains: make example.test with alice and bob, print their "
                    "passwords and what to try");
  command->footer(
      "Logs to standard error. SIGTERM or Ctrl-C: no new connections, sessions may end (at most "
      "30\n"
      "s), exit 0; a second one ends at once. SIGHUP: certificate and log level are read again.\n\n"
      "Examples:\n"
      "  posthouse serve\n"
      "  posthouse serve --config /etc/posthouse/posthouse.toml\n");
  command->callback(
      [&common, demo] { common.run = [&common, demo] { return serve(common, *demo); }; });
}

}  // namespace ph::cli
