// The command line: one file a command, each adds itself to the parser (docs/cli.md).
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace ph::cli {

inline constexpr std::string_view kVersion = "0.1.0";

inline constexpr int kFine = 0;
inline constexpr int kFoundWrong = 1;  // or: the house said no
inline constexpr int kCouldNotRun = 2;

/// What every command knows, and where a parsed command leaves what is to be run.
struct Common {
  std::string program;       // as typed
  std::string config_file;   // --config; "": look for one
  bool json = false;         // --json
  std::function<int()> run;  // set by the callback of the chosen command
};

/// Parses the line, runs the command, returns its exit code.
int run(int argc, char** argv);

// Each adds its command to `app`; `common` outlives it.
void add_serve(CLI::App& app, Common& common);
void add_check(CLI::App& app, Common& common);
void add_domain(CLI::App& app, Common& common);
void add_account(CLI::App& app, Common& common);
void add_alias(CLI::App& app, Common& common);
void add_queue(CLI::App& app, Common& common);
void add_why(CLI::App& app, Common& common);
void add_send(CLI::App& app, Common& common);
void add_read(CLI::App& app, Common& common);
void add_version(CLI::App& app, Common& common);

}  // namespace ph::cli
