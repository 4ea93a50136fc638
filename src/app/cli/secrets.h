// Passwords on their way in: never an argument (other users see those), never echoed, never logged.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ph::cli {

inline constexpr std::size_t kSecretLineOctetsMax = 4096;

/// Is standard input a terminal, so that somebody can be asked?
bool can_ask();
/// Asks on the terminal without echo; nullopt: end of input.
std::optional<std::string> ask_secret(std::string_view prompt);
/// The first line of standard input, without its line end; nullopt: none there, or too long.
std::optional<std::string> read_secret_line();
/// POSTHOUSE_PASSWORD of the environment; nullopt: not set.
std::optional<std::string> secret_of_environment();

}  // namespace ph::cli
