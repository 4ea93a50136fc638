#include "app/cli/cli.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>

namespace ph::cli {

int run(int argc, char** argv) {
  CLI::App app{
      "Posthouse, a mail server that can say what became of every message.\n"
      "One command a task; 'posthouse COMMAND --help' has examples for each."};
  Common common;
  common.program = argc > 0 ? argv[0] : "posthouse";
  app.name("posthouse");
  app.fallthrough();  // --config and --json are understood anywhere on the line
  app.require_subcommand(1);
  app.set_version_flag("--version", "posthouse " + std::string(kVersion));
  app.add_option("--config", common.config_file,
                 "the configuration; default ./posthouse.toml, /etc/posthouse/posthouse.toml, then "
                 "built-in values")
      ->type_name("FILE");
  app.add_flag("--json", common.json, "facts as JSON: one object, or one object a line");
  app.footer(
      "Exit: 0 fine, 1 found something wrong or refused, 2 could not run.\n"
      "All commands, flags and JSON names: docs/cli.md");
  for (const auto add : {add_serve, add_check, add_domain, add_account, add_alias, add_queue,
                         add_why, add_send, add_read, add_version}) {
    add(app, common);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kFine : kCouldNotRun;
  }
  const int code = common.run ? common.run() : kCouldNotRun;
  // A full disk or a closed pipe behind standard output is a failure too.
  return std::fflush(stdout) == 0 ? code : kCouldNotRun;
}

}  // namespace ph::cli
