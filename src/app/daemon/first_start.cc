#include "app/daemon/first_start.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "identity/keyring.h"

namespace ph::daemon {
namespace {

constexpr std::string_view kDemoDomain = "example.test";
constexpr std::string_view kAlice = "alice@example.test";
constexpr std::string_view kBob = "bob@example.test";

bool listens(const Config& config, Protocol protocol) {
  return std::ranges::find(config.listeners, protocol, &ListenerConfig::protocol) !=
         config.listeners.end();
}

/// `text` as one word of a POSIX shell.
std::string shell_word(std::string_view text) {
  const bool plain =
      !text.empty() &&
      text.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-") ==
          std::string_view::npos;
  if (plain) return std::string(text);
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string instructions(const Config& config, const std::string& program,
                         const std::string& alice_password, const std::string& bob_password) {
  const std::string config_flag =
      config.file.empty() ? "" : fmt::format(" --config {}", shell_word(config.file));
  const auto posthouse = shell_word(program);
  const bool submission =
      listens(config, Protocol::submission) || listens(config, Protocol::submissions);
  std::string out = fmt::format(
      "# A first domain with two accounts (these passwords are shown only now):\n"
      "#   {}   {}\n"
      "#   {}     {}\n",
      kAlice, alice_password, kBob, bob_password);
  if (submission || listens(config, Protocol::smtp)) {
    out += fmt::format(
        "#\n# 1. Send a mail:\n"
        "echo 'Hello Bob, the first coach has arrived.' | {}{} send{} {} --to {} "
        "--subject 'First mail' --insecure\n",
        submission ? "POSTHOUSE_PASSWORD=" + alice_password + " " : "", posthouse, config_flag,
        submission ? fmt::format("--user {}", kAlice) : fmt::format("--from {}", kAlice), kBob);
  }
  if (listens(config, Protocol::pop3) || listens(config, Protocol::pop3s)) {
    out += fmt::format(
        "# 2. Fetch it:\n"
        "POSTHOUSE_PASSWORD={} {} read{} --user {} --all --insecure\n",
        bob_password, posthouse, config_flag, kBob);
  }
  out += fmt::format(
      "# 3. See its way (the id that `send` printed, a Message-ID, or an address):\n"
      "{} why{} {}\n",
      posthouse, config_flag, kBob);
  return out;
}

}  // namespace

std::string random_password(rt::Random& random) {
  constexpr std::string_view kAlphabet = "abcdefghjkmnpqrstuvwxyz23456789";
  std::string out;
  for (std::size_t group = 0; group < kPasswordGroups; ++group) {
    if (group > 0) out += '-';
    for (std::size_t i = 0; i < kPasswordGroupLetters; ++i) {
      out += kAlphabet[random.below(kAlphabet.size())];
    }
  }
  return out;
}

Task<Result<std::string>> first_start(House& house,  // NOLINT: awaited on the spot
                                      Config config, std::string program) {
  auto& identity = house.identity().administration();
  PH_CO_TRY(const auto domains, co_await identity.domains());
  if (!domains.empty()) {
    co_return fmt::format(
        "# The store has its domains already. A forgotten password: {} account password{} {}\n",
        shell_word(program),
        config.file.empty() ? "" : fmt::format(" --config {}", shell_word(config.file)), kAlice);
  }
  const auto alice_password = random_password(house.world().random);
  const auto bob_password = random_password(house.world().random);
  PH_CO_TRY([[maybe_unused]] const auto domain,
            co_await identity.add_domain(std::string(kDemoDomain)));
  PH_CO_TRY([[maybe_unused]] const auto keys,
            co_await house.identity().keyring().rotate(std::string(kDemoDomain),
                                                       std::chrono::seconds(0)));
  PH_CO_TRY([[maybe_unused]] const auto alice,
            co_await identity.add_account(std::string(kAlice), alice_password));
  PH_CO_TRY([[maybe_unused]] const auto bob,
            co_await identity.add_account(std::string(kBob), bob_password));
  co_return instructions(config, program, alice_password, bob_password);
}

}  // namespace ph::daemon
