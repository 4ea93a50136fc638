// posthouse check
#include "app/daemon/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <tuple>

#include "app/cli/administrator.h"
#include "app/cli/cli.h"
#include "app/cli/output.h"
#include "app/cli/world.h"

namespace ph::cli {
namespace {

namespace json = boost::json;
using daemon::Problem;
using daemon::Severity;

daemon::RunningServer find_server(const daemon::Config& config) {
  const auto reply = ask_server(config, {{"command", "server.status"}});
  daemon::RunningServer found;
  if (!reply || reply->at("ok") != json::value(true)) return found;
  const auto& server = reply->at("server").as_object();
  found.runs = true;
  for (const auto& one : server.at("listening").as_array()) {
    found.listening.emplace_back(one.as_string());
  }
  return found;
}

json::object facts(const Problem& problem, const std::string& file) {
  json::object out{{"severity", to_string(problem.severity)},
                   {"file", file},
                   {"line", nullptr},
                   {"column", nullptr},
                   {"key", problem.key},
                   {"problem", problem.problem},
                   {"fix", problem.fix}};
  if (problem.line > 0) {
    out["line"] = problem.line;
    out["column"] = problem.column;
  }
  return out;
}

int check(const Common& common) {
  const auto read = read_found_config(common);
  if (!read) return kCouldNotRun;
  auto problems = read->problems;
  const auto running = find_server(read->config);
  if (running.runs) {
    problems.push_back({Severity::note, 0, 0, "server.store", "the server of this store is running",
                        "its own addresses and its store are not looked at"});
  }
  CommandWorld world;
  rt::os::EventLoops loops(1);
  std::ranges::copy(
      daemon::check_surroundings(read->config, running, loops.executors().front(), *world),
      std::back_inserter(problems));
  std::ranges::sort(problems, {},
                    [](const Problem& p) { return std::tie(p.line, p.column, p.key, p.problem); });

  const auto& file = read->config.file;
  std::size_t errors = 0;
  for (const auto& problem : problems) {
    if (problem.severity == Severity::error) ++errors;
    if (common.json) {
      print_json(facts(problem, file));
    } else {
      fmt::print("{}\n", printable(daemon::format_problem(problem, file)));
    }
  }
  if (!common.json && problems.empty()) {
    fmt::print("{}: no problems found\n", file.empty() ? "built-in configuration" : file);
  }
  return errors > 0 ? kFoundWrong : kFine;
}

}  // namespace

void add_check(Command program, Common& common) {
  auto command = program.add("check", "say everything that is wrong with the configuration");
  command.notes(
      "Reads the configuration and looks at what it names: addresses, certificate and key, store.\n"
      "All problems at once, each with line and column. Changes nothing.\n"
      "Exit 0: no error (warnings allowed), 1: at least one error, 2: no readable "
      "configuration.\n\n"
      "Examples:\n"
      "  posthouse check\n"
      "  posthouse check --config new.toml --json\n");
  command.on_run(common, [&common] { return check(common); });
}

}  // namespace ph::cli
