// The only file that includes CLI11.
#include "app/cli/parser.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <utility>

#include "app/cli/cli.h"

namespace ph::cli {

Argument& Argument::required() {
  option_->required();
  return *this;
}

Argument& Argument::excludes(const Argument& other) {
  option_->excludes(other.option_);
  return *this;
}

Argument& Argument::needs(const Argument& other) {
  option_->needs(other.option_);
  return *this;
}

Command Command::add(const char* name, const char* what) {
  return Command(app_->add_subcommand(name, what));
}

void Command::needs_part() { app_->require_subcommand(1); }

void Command::notes(const char* text) { app_->footer(text); }

void Command::on_run(Common& common, std::function<int()> run) {
  // A part runs before the command it is a part of: the innermost one counts.
  app_->callback([&common, run = std::move(run)] {
    if (!common.run) common.run = run;
  });
}

Argument Command::flag(const char* name, bool& into, const char* what) {
  return Argument(app_->add_flag(name, into, what));
}

Argument Command::text(const char* name, std::string& into, const char* what) {
  return Argument(app_->add_option(name, into, what));
}

Argument Command::texts(const char* name, std::vector<std::string>& into, const char* what) {
  auto* option = app_->add_option(name, into, what);
  if (name[0] == '-') option->allow_extra_args(false);  // else it would take the positionals too
  return Argument(option);
}

Argument Command::number(const char* name, std::uint64_t& into, std::uint64_t least,
                         std::uint64_t most, const char* what) {
  return Argument(app_->add_option(name, into, what)->check(CLI::Range(least, most)));
}

Argument Command::numbers(const char* name, std::vector<std::uint64_t>& into, const char* what) {
  return Argument(app_->add_option(name, into, what));
}

bool parse(int argc, char** argv, Common& common, const std::vector<AddCommand>& commands,
           int& code) {
  CLI::App app{
      "Posthouse, a mail server that can say what became of every message.\n"
      "One command a task; 'posthouse COMMAND --help' has examples for each."};
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
  for (const auto add : commands) add(Command(&app), common);
  try {
    app.parse(argc, argv);
    return true;
  } catch (const CLI::ParseError& error) {
    code = app.exit(error) == 0 ? kFine : kCouldNotRun;
    return false;
  }
}

}  // namespace ph::cli
