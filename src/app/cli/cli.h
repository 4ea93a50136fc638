// The command line: one file a command, each adds itself to the parser (docs/cli.md).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/parser.h"

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

/// Adds a command to the program; `common` outlives it.
using AddCommand = void (*)(Command program, Common& common);

/// Reads the line into `common`. false: help or a complaint was printed, `code` is the exit code.
bool parse(int argc, char** argv, Common& common, const std::vector<AddCommand>& commands,
           int& code);

// One a file.
void add_serve(Command program, Common& common);
void add_check(Command program, Common& common);
void add_domain(Command program, Common& common);
void add_account(Command program, Common& common);
void add_alias(Command program, Common& common);
void add_queue(Command program, Common& common);
void add_why(Command program, Common& common);
void add_send(Command program, Common& common);
void add_read(Command program, Common& common);
void add_mx(Command program, Common& common);
void add_trace(Command program, Common& common);
void add_message(Command program, Common& common);
void add_codec(Command program, Common& common);
void add_auth(Command program, Common& common);
void add_version(Command program, Common& common);

}  // namespace ph::cli
