// Input: one octet of options, one for the size of the pieces that arrive; up to the first NUL a
// text that stands in an address, ENVID and ORCPT; then, with NULs between, what the server says
// each time the client waits. Oracles: every line that the client says is one of its commands,
// none more often than there is reason to; every recipient of every letter is settled, and accepted
// only with a 2yz reply; doubt and acceptance exclude each other; the pieces make no difference,
// unless the server says more than it was asked.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "wire/smtp/testing/client_shell.h"

namespace {

using ph::smtp::ClientOptions;
using ph::smtp::ClientReport;
using ph::smtp::Letter;
using ph::smtp::testing::ClientShell;

constexpr std::size_t kTurnsMax = 64;
constexpr std::string_view kUnasked = "the server said something that nobody asked for";

void require(bool holds) {
  if (!holds) std::abort();
}

ClientOptions options(unsigned bits) {
  ClientOptions out{.hostname = "c.test"};
  out.pipelining = (bits & 1) != 0;
  out.tls = (bits & 2) != 0;
  out.starttls =
      (bits & 4) != 0 ? ClientOptions::StartTls::required : ClientOptions::StartTls::if_offered;
  if ((bits & 8) != 0) out.user = out.password = "x";
  out.helo_only = (bits & 16) != 0;
  return out;
}

std::vector<Letter> letters(unsigned bits, std::string_view text) {
  Letter first{.sender = {"s", "x.test"}};
  first.recipients = {{"a", "b.test"}, {std::string(text), "c.test"}, {"d", std::string(text)}};
  first.options.resize(3);
  first.options[0] = {ph::smtp::kNotifySuccess, "rfc822;" + std::string(text)};
  first.options[1] = {ph::smtp::kNotifyNever, std::string(text)};
  first.envelope_id = text;
  first.eight_bit = (bits & 32) != 0;
  first.convertible = (bits & 64) != 0;
  first.octets = 1000;
  Letter second{.sender = {std::string(text), "x.test"}, .recipients = {{"a", "b.test"}}};
  Letter third{.sender = {}, .recipients = {{"postmaster", ""}}};
  third.needs_smtputf8 = (bits & 128) != 0;
  return {first, second, third};
}

void check_said(std::string_view said) {
  constexpr auto kBegins = std::to_array<std::string_view>(
      {"EHLO c.test\r", "HELO c.test\r", "STARTTLS\r", "AUTH PLAIN ", "MAIL FROM:<", "RCPT TO:<",
       "DATA\r", "RSET\r", "QUIT\r", ".\r", "hello\r", "7bit\r"});
  std::array<std::size_t, kBegins.size()> counts{};
  while (!said.empty()) {
    const std::size_t end = said.find("\r\n");
    require(end != said.npos);
    const std::string_view line = said.substr(0, end + 1);
    const auto* const begin = std::ranges::find_if(
        kBegins, [line](std::string_view one) { return line.starts_with(one); });
    require(begin != kBegins.end());
    ++counts[static_cast<std::size_t>(begin - kBegins.begin())];
    for (const char c : line.substr(0, end))
      require(static_cast<unsigned char>(c) >= ' ' && c != 0x7f);
    said.remove_prefix(end + 2);
  }
  require(counts[4] <= 3 && counts[5] <= 5 && counts[6] <= 3 && counts[8] <= 1);
}

void check_report(const ClientReport& report) {
  using What = ph::smtp::RecipientReport::What;
  bool any = false;
  for (const auto& one : report.recipients) {
    require(one.what != What::unasked && one.status.size() >= 5);
    require(one.status[0] == (one.accepted()                        ? '2'
                              : one.what == What::refused_permanent ? '5'
                                                                    : '4'));
    require(!one.accepted() || one.reply.completed());
    require(one.reply.code != 0 || !one.trouble.empty());
    require(!one.again || (report.accepted && one.what == What::refused_temporary));
    any = any || one.accepted();
  }
  require(any == report.accepted);
  require(!report.in_doubt || (!report.accepted && report.closing));
}

struct Outcome {
  std::string log;
  bool orderly = true;  // the server said no more than it was asked
};

Outcome run(unsigned bits, std::string_view script, std::size_t piece_octets) {
  const std::size_t text_end = std::min(script.find('\0'), script.size());
  ClientShell shell(options(bits), letters(bits, script.substr(0, text_end)));
  script.remove_prefix(std::min(text_end + 1, script.size()));
  std::string said = shell.take_said();
  bool orderly = true;
  for (std::size_t turn = 0; turn < kTurnsMax && !script.empty(); ++turn) {
    const std::size_t end = std::min(script.find('\0'), script.size());
    std::string_view octets = script.substr(0, end);
    script.remove_prefix(std::min(end + 1, script.size()));
    octets = octets.substr(0, octets.find_last_of('\n') + 1);  // whole lines
    for (; !octets.empty(); octets.remove_prefix(std::min(piece_octets, octets.size())))
      shell.feed(octets.substr(0, piece_octets));
    said += shell.take_said();
    // It waits for the rest of what it did not ask for: only QUIT is waited for as shortly.
    if (shell.patience() == ph::smtp::kQuitWait && !said.ends_with("QUIT\r\n")) orderly = false;
  }
  shell.lose();
  require(shell.take_said().empty());
  check_said(said);
  Outcome out{said, orderly};
  for (const ClientReport& report : shell.reports()) {
    check_report(report);
    for (const auto& one : report.recipients)
      out.log += std::string(to_string(one.stage)) + " " + one.status + " " + one.trouble + ";";
    const bool cut_off = report.fault || report.decisive.code == 421 || report.trouble == kUnasked;
    out.orderly = out.orderly && !cut_off;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view script(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Outcome whole = run(data[0], script, size);
  const Outcome parts = run(data[0], script, 1 + data[1] % 64);
  if (whole.orderly && whole.log != parts.log) std::abort();
  return 0;
}
