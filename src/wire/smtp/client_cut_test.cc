// The connection is cut after every octet, in each direction: what the client believes and what the
// server did may differ only where the client says so.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "wire/smtp/testing/client_shell.h"
#include "wire/smtp/testing/house.h"

namespace ph::smtp {
namespace {

using testing::ClientShell;
using testing::House;

constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

struct How {
  bool pipelining = true, tls = false;
  std::string content = "hello\r\n";
};

/// Where the connection ends: after so many octets in one direction.
struct Cut {
  std::size_t to_server = kNever, to_client = kNever;
};

struct Run {
  std::vector<ClientReport> reports;
  std::vector<Envelope> accepted;  // by the server
  std::size_t to_server = 0, to_client = 0;
  bool cut = false;
};

std::vector<Letter> letters() {
  const message::Address sender{"s", "x.test"};
  return {{.sender = sender,
           .recipients = {{"ok", "here.test"},
                          {"unknown_recipient", "here.test"},
                          {"moved_forwarding", "here.test"},
                          {"temporary_failure", "here.test"}}},
          {.sender = sender, .recipients = {{"nobody", "here.test"}}},  // RSET follows
          {.sender = sender,
           .recipients = {{"x", "relay.test"}, {"postmaster", ""}},
           .options = {{kNotifyNever, "rfc822;a@b"}, {}}}};
}

/// Passes on what both say, until one has nothing more to say or the connection is cut.
Run talk(const How& how, Cut cut) {
  House house({.hostname = "mx.test", .peer_ip = "192.0.2.7", .tls_available = how.tls});
  ClientShell shell({.hostname = "client.test", .pipelining = how.pipelining}, letters(),
                    {.eight_bit = how.content});
  Run run;
  while (!run.cut) {
    std::string octets = shell.take_said();
    run.cut = octets.size() > cut.to_server - run.to_server;
    if (run.cut) octets.resize(cut.to_server - run.to_server);
    run.to_server += octets.size();
    house.feed(octets);
    if (run.cut || shell.finished()) break;
    octets = house.take_said();
    run.cut = octets.size() > cut.to_client - run.to_client || octets.empty();
    octets.resize(std::min(octets.size(), cut.to_client - run.to_client));
    run.to_client += octets.size();
    shell.feed(octets);
  }
  shell.lose();
  run.reports = shell.reports();
  run.accepted = house.accepted();
  return run;
}

std::vector<message::Address> accepted_of(const ClientReport& report) {
  std::vector<message::Address> out;
  for (const RecipientReport& recipient : report.recipients)
    if (recipient.accepted()) out.push_back(recipient.address);
  return out;
}

/// Walks both sides' accounts; they may differ in the last letter, if it is in doubt.
void compare(const Run& run) {
  std::size_t known = 0;
  ASSERT_FALSE(run.reports.empty());
  for (const ClientReport& report : run.reports) {
    for (const RecipientReport& recipient : report.recipients)
      EXPECT_NE(recipient.what, RecipientReport::What::unasked);
    EXPECT_EQ(report.accepted, !accepted_of(report).empty());
    if (!report.accepted) continue;
    ASSERT_LT(known, run.accepted.size()) << "the server did not accept it";
    EXPECT_EQ(run.accepted[known++].recipients, accepted_of(report));
    EXPECT_FALSE(report.in_doubt);
  }
  const ClientReport& last = run.reports.back();
  EXPECT_TRUE(run.accepted.size() == known ||
              (run.accepted.size() == known + 1 && last.in_doubt && last.closing));
  for (const ClientReport& report : run.reports)
    if (&report != &last) EXPECT_FALSE(report.in_doubt || report.closing);
}

void cut_everywhere(const How& how, std::size_t messages) {
  const Run whole = talk(how, {});
  ASSERT_FALSE(whole.cut);
  ASSERT_EQ(whole.reports.size(), 3u);
  ASSERT_EQ(whole.accepted.size(), messages);
  compare(whole);
  std::size_t doubts = 0;
  for (std::size_t octets = 0; octets < whole.to_server; ++octets) {
    SCOPED_TRACE("to the server: " + std::to_string(octets));
    compare(talk(how, {.to_server = octets}));
  }
  for (std::size_t octets = 0; octets < whole.to_client; ++octets) {
    SCOPED_TRACE("to the client: " + std::to_string(octets));
    const Run run = talk(how, {.to_client = octets});
    compare(run);
    if (run.reports.back().in_doubt && run.accepted.size() > 0) ++doubts;
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_EQ(doubts > 0, messages > 0);  // the doubt was met, not only allowed for
}

TEST(ClientCut, LeavesNoDoubtButOneOneAtATime) { cut_everywhere({.pipelining = false}, 2); }

TEST(ClientCut, LeavesNoDoubtButOneInGroups) { cut_everywhere({}, 2); }

TEST(ClientCut, LeavesNoDoubtButOneWithTls) { cut_everywhere({.tls = true}, 2); }

TEST(ClientCut, NeverBelievesInWhatWasRefused) {
  cut_everywhere({.content = "refused\r\n"}, 0);
  cut_everywhere({.content = "temporary\r\n"}, 0);
}

}  // namespace
}  // namespace ph::smtp
