// posthouse serve
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

void add_serve(Command program, Common& common) {
  auto command = program.add("serve", "run the server in the foreground");
  const auto demo = std::make_shared<bool>(false);
  command.flag("--demo", *demo,
               "in a store without domains: make example.test with alice and bob, print their "
               "passwords and what to try");
  command.notes(
      "Logs to standard error. SIGTERM or Ctrl-C: no new connections, sessions may end (at most\n"
      "30 s), exit 0; a second one ends at once. SIGHUP: certificate and log level are read "
      "again.\n"
      "\n"
      "Examples:\n"
      "  posthouse serve\n"
      "  posthouse serve --config /etc/posthouse/posthouse.toml\n");
  command.on_run(common, [&common, demo] { return serve(common, *demo); });
}

}  // namespace ph::cli
