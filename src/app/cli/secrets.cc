#include "app/cli/secrets.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace ph::cli {

bool can_ask() { return ::isatty(STDIN_FILENO) == 1; }

std::optional<std::string> read_secret_line() {
  std::string line;
  for (int c = std::getc(stdin); c != EOF; c = std::getc(stdin)) {
    if (c == '\n') {
      if (line.ends_with('\r')) line.pop_back();
      return line;
    }
    if (line.size() == kSecretLineOctetsMax) return std::nullopt;
    line += static_cast<char>(c);
  }
  if (line.empty()) return std::nullopt;
  return line;
}

std::optional<std::string> ask_secret(std::string_view prompt) {
  termios before{};
  const bool quiet = ::tcgetattr(STDIN_FILENO, &before) == 0;
  if (quiet) {
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH,
                &silent);  // throws away what was typed before the question
  }
  fmt::print(stderr, "{}", prompt);
  auto line = read_secret_line();
  if (quiet) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  fmt::print(stderr, "\n");
  // An empty line is an answer here; read_secret_line() says nullopt only at the end of input.
  return line;
}

std::optional<std::string> secret_of_environment() {
  const char* value = std::getenv("POSTHOUSE_PASSWORD");
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

}  // namespace ph::cli
