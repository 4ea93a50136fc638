// What the client says to servers of all kinds: tests/conformance/smtp/client.json.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/testing/conformance.h"
#include "wire/smtp/testing/client_shell.h"

namespace ph::smtp {
namespace {

using ph::testing::has;
using ph::testing::text;
using testing::ClientShell;

message::Address address(const std::string& written) {
  if (written.empty()) return {};
  const auto parsed = message::parse_address(written);
  PH_CHECK(parsed);
  return *parsed;
}

Letter letter_of(const boost::json::value& one) {
  Letter out{.sender = address(has(one, "from") ? text(one, "from") : "s@x.test")};
  for (const auto& to : one.at("to").as_array())
    out.recipients.push_back(address(std::string(to.as_string())));
  if (has(one, "octets")) out.octets = one.at("octets").to_number<std::uint64_t>();
  out.eight_bit = has(one, "eight_bit");
  out.convertible = has(one, "convertible");
  out.needs_smtputf8 = has(one, "utf8");
  out.envelope_id = text(one, "envid");
  if (text(one, "ret") == "full") out.ret = Return::full;
  if (text(one, "ret") == "headers") out.ret = Return::headers;
  if (has(one, "dsn")) {
    for (const auto& said : one.at("dsn").as_array())
      out.options.push_back(
          {said.at(0).to_number<std::uint8_t>(), std::string(said.at(1).as_string())});
  }
  return out;
}

std::vector<Letter> letters_of(const boost::json::value& one) {
  std::vector<Letter> out;
  if (!has(one, "letters")) return {{.sender = {"s", "x.test"}, .recipients = {{"a", "b.test"}}}};
  for (const auto& letter : one.at("letters").as_array()) out.push_back(letter_of(letter));
  return out;
}

ClientOptions options_of(const boost::json::value& options) {
  ClientOptions out{.hostname = "c.test"};
  out.tls = has(options, "tls");
  out.helo_only = has(options, "helo_only");
  out.pipelining = !has(options, "one_at_a_time");
  out.allow_plaintext_auth = has(options, "plaintext");
  if (has(options, "login")) {
    out.user = "user";
    out.password = "secret";
  }
  if (text(options, "starttls") == "never") out.starttls = ClientOptions::StartTls::never;
  if (text(options, "starttls") == "required") out.starttls = ClientOptions::StartTls::required;
  return out;
}

std::string with_line_ends(std::string_view lines) {
  std::string out;
  for (const char c : lines) out += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return out.empty() ? out : out + "\r\n";
}

/// As the cases write it: "refused_permanent rcpt 5.1.1; accepted final_dot 2.0.0 dsn / closing".
std::string written(const ClientReport& report) {
  using What = RecipientReport::What;
  std::string out;
  for (const RecipientReport& one : report.recipients) {
    if (!out.empty()) out += "; ";
    out += one.what == What::accepted            ? "accepted "
           : one.what == What::refused_permanent ? "refused_permanent "
           : one.what == What::refused_temporary ? "refused_temporary "
                                                 : "unasked ";
    out += std::string(to_string(one.stage)) + " " + one.status;
    if (one.again) out += " again";
    if (one.dsn_passed) out += " dsn";
    EXPECT_NE(one.reply.code == 0, one.trouble.empty());  // either says why
  }
  std::string flags;
  if (report.closing) flags += " closing";
  if (report.stale) flags += " stale";
  if (report.try_next_host) flags += " next-host";
  if (report.retry_without_tls) flags += " no-tls";
  if (report.retry_helo_only) flags += " helo";
  if (report.in_doubt) flags += " in-doubt";
  if (report.fault) flags += " fault";
  return flags.empty() ? out : out + " /" + flags;
}

struct Dialogue : ::testing::TestWithParam<boost::json::value> {
  void run(std::size_t piece_octets) {
    const auto& one = GetParam();
    const boost::json::value none = boost::json::object();
    const auto& options = has(one, "options") ? one.at("options") : none;
    ClientShell shell(options_of(options), letters_of(one),
                      {.piece_octets = piece_octets, .tls_works = !has(options, "tls_fails")});
    for (const auto& turn : one.at("talk").as_array()) {
      const std::string server(turn.at(0).as_string());
      SCOPED_TRACE(server);
      if (server == "(lost)" || server == "(timeout)") {
        shell.lose(server == "(timeout)");
      } else {
        const std::string octets = with_line_ends(server);
        for (std::size_t at = 0; at < octets.size(); at += std::min(piece_octets, octets.size()))
          shell.feed(std::string_view(octets).substr(at, piece_octets));
      }
      const std::string expected(turn.at(1).as_string());
      EXPECT_EQ(shell.take_said(), expected == "(more)" ? "" : with_line_ends(expected));
      EXPECT_EQ(shell.finished(), expected.empty());
    }
    std::vector<std::string> reports;
    for (const ClientReport& report : shell.reports()) reports.push_back(written(report));
    EXPECT_EQ(reports, boost::json::value_to<std::vector<std::string>>(one.at("reports")));
  }
};

TEST_P(Dialogue, GoesAsWritten) { run(std::numeric_limits<std::size_t>::max()); }

TEST_P(Dialogue, GoesTheSameInPieces) {
  // With `whole`, what arrives together is the point: then only a cut that changes nothing.
  const bool whole = has(GetParam(), "whole");
  for (const std::size_t piece : {1U, 2U, 3U, 5U, 11U, 1000U}) {
    if (whole && piece < 1000U) continue;
    SCOPED_TRACE(piece);
    run(piece);
  }
}

INSTANTIATE_TEST_SUITE_P(Smtp, Dialogue,
                         ::testing::ValuesIn(ph::testing::cases("smtp/client.json")),
                         ph::testing::CaseName());

}  // namespace
}  // namespace ph::smtp
