// The command line's grammar. CLI11 stands behind it, in parser.cc alone: its headers take 12 s to
// compile.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace ph::cli {

struct Common;

/// One flag, option or positional argument.
class Argument {
 public:
  explicit Argument(CLI::Option* option) : option_(option) {}
  Argument& required();
  Argument& excludes(const Argument& other);
  Argument& needs(const Argument& other);

 private:
  CLI::Option* option_;
};

/// A command or a part of one ("account", "account add"). A handle: copies mean the same command.
/// What the arguments fill must live until the command has run.
class Command {
 public:
  explicit Command(CLI::App* app) : app_(app) {}

  Command add(const char* name, const char* what);
  /// One of the parts must be named.
  void needs_part();
  /// Shown below the help: what to know, and examples.
  void notes(const char* text);
  /// What the command does, if it is the one on the line.
  void on_run(Common& common, std::function<int()> run);

  // `name`: "--to", "-k,--insecure", or "ADDRESS" for a positional argument.
  Argument flag(const char* name, bool& into, const char* what);
  Argument text(const char* name, std::string& into, const char* what);
  /// Positional: one or more; an option: one each time it is given.
  Argument texts(const char* name, std::vector<std::string>& into, const char* what);
  Argument number(const char* name, std::uint64_t& into, std::uint64_t least, std::uint64_t most,
                  const char* what);
  Argument numbers(const char* name, std::vector<std::uint64_t>& into, const char* what);

 private:
  CLI::App* app_;
};

}  // namespace ph::cli
