#include "app/daemon/config.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ph::daemon {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> problems_of(std::string_view toml) {
  std::vector<std::string> lines;
  for (const auto& problem : read_config(toml, "x.toml", "/etc/p").problems) {
    lines.push_back(format_problem(problem, "x.toml"));
  }
  return lines;
}

/// The one problem of `toml`, or all of them, joined.
std::string problem_of(std::string_view toml) {
  std::string out;
  for (const auto& line : problems_of(toml)) out += (out.empty() ? "" : "\n") + line;
  return out;
}

TEST(Config, NeedsNoKeyAtAll) {
  const auto read = read_config("", "x.toml", "/etc/p");
  EXPECT_TRUE(read.problems.empty());
  EXPECT_EQ(read.config.store, "file:/etc/p/var/store");
  EXPECT_EQ(admin_socket_path(read.config), "/etc/p/var/store/admin.sock");
  ASSERT_EQ(read.config.listeners.size(), 5u);
  EXPECT_EQ(rt::to_string(read.config.listeners[0].at.at(0)), "127.0.0.1:2525");
  EXPECT_TRUE(read.config.listeners[0].strict_addresses);
  EXPECT_FALSE(read.config.listeners[1].strict_addresses);
  EXPECT_EQ(default_config().store, "file:var/store");
}

TEST(Config, ReadsEveryKey) {
  const auto read = read_config(R"(
[server]
hostname = "Mail.Example.test"
store = "file:./var/store"
blobs = "memory:"
folder = "/run/p"
threads = 2
[listen]
smtp = ["127.0.0.1:2525", "[::1]:2525"]
submission = { address = "127.0.0.1:2587", allow_plaintext = true, strict_addresses = true }
submissions = "127.0.0.1:2465"
pop3 = { address = ["127.0.0.1:2110"], allow_plaintext = true, max_connections = 7 }
pop3s = "127.0.0.1:0"
[tls]
certificate = "./tls/cert.pem"
key = "/k.pem"
[dns]
servers = ["127.0.0.1:5300"]
[delivery]
port = 2526
per_destination = 3
routes = { "sink.test" = "127.0.0.1:2526", "*" = "hold" }
trusted_networks = ["127.0.0.0/8"]
[queue]
retry_first = "30s"
retry_max = "1h"
expire = "2d"
warn = "90m"
[limits]
message_size = "25 MB"
min_free = 0
memory = "64MiB"
recipients = 100
connections = 10
connections_per_client = 5
errors = 3
command_timeout = "10s"
data_timeout = "20s"
pop3_timeout = "1h30m"
[journal]
retention = "30d"
max_size = "1 GiB"
[log]
format = "json"
level = "debug"
)",
                                "x.toml", "/etc/p");
  EXPECT_EQ(problem_of(""), "");
  for (const auto& p : read.problems) ADD_FAILURE() << format_problem(p, "x.toml");
  const auto& c = read.config;
  EXPECT_EQ(c.hostname, "mail.example.test");
  EXPECT_EQ(c.store, "file:/etc/p/var/store");
  EXPECT_EQ(c.blobs, "memory:");
  EXPECT_EQ(c.folder, "/run/p");
  ASSERT_EQ(c.listeners.size(), 5u);
  const auto pop3 = std::ranges::find(c.listeners, Protocol::pop3, &ListenerConfig::protocol);
  EXPECT_TRUE(pop3->allow_plaintext);
  EXPECT_EQ(pop3->connections_max, 7u);
  EXPECT_EQ(c.certificate, "/etc/p/tls/cert.pem");
  EXPECT_EQ(c.key, "/k.pem");
  EXPECT_EQ(c.dns_servers.size(), 1u);
  EXPECT_EQ(c.delivery_port, 2526);
  EXPECT_EQ(c.per_destination, 3u);
  ASSERT_EQ(c.routes.size(), 2u);
  EXPECT_EQ(c.routes[0].domain, "*");
  EXPECT_FALSE(c.routes[0].to);
  EXPECT_TRUE(c.routes[1].to);
  EXPECT_EQ(c.trusted_networks.size(), 1u);
  EXPECT_EQ(c.queue.warn, 90min);
  EXPECT_EQ(c.limits.message_octets, 25'000'000u);
  EXPECT_EQ(c.limits.memory_octets, 64u << 20);
  EXPECT_EQ(c.limits.free_octets, 0u);
  EXPECT_EQ(c.limits.pop3_timeout, 90min);
  EXPECT_EQ(c.journal.retention, std::chrono::days(30));
  EXPECT_TRUE(c.log.json);
  EXPECT_EQ(c.log.level, rt::Level::debug);
}

TEST(Config, KnowsTheServerByTheNameThatTheDnsKnows) {
  for (const std::string name : {"mail.bücher.test", "Mail.BÜCHER.test", "mail.xn--bcher-kva.test"})
    EXPECT_EQ(read_config("[server]\nhostname = \"" + name + "\"\n", "x.toml", "/").config.hostname,
              "mail.xn--bcher-kva.test")
        << name;
  const auto read = read_config("[delivery]\nroutes = {\"bücher.test\" = \"hold\"}", "x.toml", "/");
  ASSERT_EQ(read.config.routes.size(), 1u);
  EXPECT_EQ(read.config.routes[0].domain, "xn--bcher-kva.test");
}

TEST(Config, SaysEveryProblemAtOnceWithItsPlace) {
  EXPECT_EQ(
      problems_of("[listen]\n"
                  "smpt = \"127.0.0.1:2525\"\n"
                  "imap = \"127.0.0.1:2143\"\n"
                  "pop3 = 110\n"
                  "[sever]\n"
                  "[limits]\n"
                  "  message_size = \"25 MX\"\n"
                  "errors = \"3\"\n"
                  "[queue]\n"
                  "expire = \"5 parsecs\"\n"),
      (std::vector<std::string>{
          "x.toml:2:1: error: unknown key \"smpt\": did you mean \"smtp\"?",
          "x.toml:3:1: error: \"imap\" is not served by this version: take the line out",
          "x.toml:4:1: error: listen.pop3 is a whole number: write an address such as "
          "\"127.0.0.1:2525\", or a list of them",
          "x.toml:5:2: error: unknown key \"sever\": did you mean \"server\"?",
          "x.toml:7:3: error: limits.message_size: a size with an unknown unit (\"25 MX\"): "
          "write a size such as \"25 MB\", \"512 KiB\", or octets",
          "x.toml:8:1: error: limits.errors is a text: write a whole number, without quotes",
          "x.toml:10:1: error: queue.expire: a duration without a known unit (\"5 parsecs\"): "
          "write \"90s\", \"5m\", \"4h\" or \"5d\"",
      }));
}

TEST(Config, LooksAtTheRestAfterALineThatIsNotToml) {
  const auto found = problems_of("[server\nhostname = \"-\"\n[log]\nlevel = loud\nformat = 7\n");
  ASSERT_EQ(found.size(), 4u);
  EXPECT_TRUE(found[0].starts_with("x.toml:1:8: error: not TOML: ")) << found[0];
  EXPECT_TRUE(found[1].starts_with("x.toml:2:1: error: unknown key \"hostname\"")) << found[1];
  EXPECT_TRUE(found[2].starts_with("x.toml:4:")) << found[2];
  EXPECT_TRUE(found[3].starts_with("x.toml:5:1: error: log.format is a whole number")) << found[3];
}

// What stands outside quotes and is no ASCII is refused, not undefined (found by fuzzing
// toml++ 3.3).
TEST(Config, RefusesLettersOutsideAsciiOutsideQuotes) {
  for (const char* toml : {"[log]\nlevel = \u00e9", "a = 1979-05-27T07:32:0\u01a5", "\u01a5 = 1",
                           "a = 1 \u00fc", "[\u00fc]", "a = \u2000x", "[|"}) {
    SCOPED_TRACE(toml);
    ASSERT_FALSE(problems_of(toml).empty());
  }
}

struct Case {
  const char* toml;
  const char* problem;  // a part of the only problem; "": none
};
class ConfigValue : public ::testing::TestWithParam<Case> {};

TEST_P(ConfigValue, IsJudged) {
  const auto found = problems_of(GetParam().toml);
  const std::string expected = GetParam().problem;
  if (expected.empty()) {
    EXPECT_EQ(problem_of(GetParam().toml), "");
    return;
  }
  ASSERT_EQ(found.size(), 1u) << problem_of(GetParam().toml);
  EXPECT_NE(found[0].find(expected), std::string::npos) << found[0];
}

INSTANTIATE_TEST_SUITE_P(
    Each, ConfigValue,
    ::testing::Values(
        Case{"server = 3", "1:1: error: server is a whole number: write a section, [server]"},
        Case{"[server]\nhostname = \"a..b\"", "2:1: error: \"a..b\" is not a host name"},
        Case{"[server]\nhostname = \"mail.\u0301a.test\"",
             "2:1: error: \"mail.\u0301a.test\" has no name in the DNS: "},
        Case{"[server]\nstore = \"pg:x\"", "not served by this version"},
        Case{"[server]\nstore = \"var\"", "\"var\" is not a store"},
        Case{"[server]\nthreads = 65", "server.threads = 65 is out of range: from 0 to 64"},
        Case{"[listen]\nsmtp = \"localhost:25\"", "is not an address with a port"},
        Case{"[listen]\nsmtp = [\"127.0.0.1:25\",\n  \"x\"]",
             "3:3: error: \"x\" is not an address"},
        Case{"[listen]\nsmtp = {allow_plaintext = true}", "listen.smtp has no address"},
        Case{"[listen]\nsmtp = {address = \"127.0.0.1:25\", plain = true}",
             "unknown key \"plain\""},
        Case{"[listen]\npop3s = {address = \"127.0.0.1:25\", allow_plaintext = true}",
             "always has TLS"},
        Case{"[listen]\npop3 = {address = \"127.0.0.1:25\", strict_addresses = true}",
             "POP3 has no addresses"},
        Case{"[listen]\nsmtp = \"127.0.0.1:25\"\npop3 = \"127.0.0.1:25\"", "listened on twice"},
        Case{"[listen]\npop3 = {address = \"192.0.2.1:110\", allow_plaintext = true}",
             "warning: passwords may cross the network"},
        Case{"[listen]", ""},
        Case{"[tls]\ncertificate = \"c\"", "1:2: error: certificate and key belong together"},
        Case{"[dns]\nservers = [5]", "write an address such as"},
        Case{"[delivery]\nroutes = { \"a.test\" = \"nowhere\" }", "\"nowhere\" is not a next hop"},
        Case{"[delivery]\nroutes = { \"-ü\" = \"hold\" }", "\"-ü\" is not a domain"},
        Case{"[delivery]\nroutes = { \"\u0301.test\" = \"hold\" }", "has no name in the DNS"},
        Case{"[delivery]\nroutes = { \"a b\" = \"hold\" }", "\"a b\" is not a domain"},
        Case{"[delivery]\ntrusted_networks = \"10.0.0.0/33\"", "is not a network"},
        Case{"[delivery]\nport = 65536", "out of range"},
        Case{"[delivery]\nper_destination = 0", "out of range"},
        Case{"[queue]\nretry_first = \"5h\"", "longer than retry_max"},
        Case{"[queue]\nexpire = \"1m\"", "expire is shorter"},
        Case{"[queue]\nwarn = 5", "write a duration with its unit"},
        Case{"[limits]\nmessage_size = 1000", "too small"},
        Case{"[limits]\nmessage_size = -1", "a negative size"},
        Case{"[limits]\nrecipients = 99", "out of range"},
        Case{"[authentication]\nmode = \"loud\"", "\"loud\""},
        Case{"[authentication]\nmode = true", "mode is true or false"},
        Case{"[authentication]\nmode = \"off\"\ntrusted_sealers = [\"lists.example.test\"]", ""},
        Case{"[authentication]\ntrusted_sealers = [\"a b\"]", "\"a b\""},
        Case{"[authentication]\ntrusted_lists = [\"lists.example.test\"]", ""},
        Case{"[authentication]\ntrusted_lists = [\"a@b.test\"]", "\"a@b.test\""},
        Case{"[authentication]\ntrusted_lists = [\"-\u00fc.test\"]", "is not a domain"},
        Case{"[authentication]\ntrusted_lists = [\"co.uk\"]", "is a public suffix"},
        Case{"[authentication]\nreports = \"off\"\nreport_contact = \"d@example.test\"", ""},
        Case{"[authentication]\nreports = \"daily\"", "\"daily\""},
        Case{"[authentication]\nreport_contact = \"nobody\"", "\"nobody\""},
        Case{"[authentication]\nreport_organization = \"\"", "no name"},
        Case{"[log]\nformat = \"xml\"", "\"xml\" is not a log format"},
        Case{"[log]\nlevel = \"loud\"", "\"loud\" is not a log level"},
        Case{"[server]\nhostname = \"a.test\"\nhostname = \"b.test\"", "3:12: error: not TOML"},
        Case{"[server]\nfolder = \"/"
             "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
             "xxxxxx"
             "xxxxxxxxxxx\"",
             "longer than 107 octets"}));

TEST(Config, ReadsTrustedDomainsHoweverTheyAreTyped) {
  for (const char* typed : {"B\u00dcCHER.test", "b\u00fccher.test", "XN--Bcher-KVA.test"}) {
    const std::string toml = fmt::format(
        "[authentication]\ntrusted_sealers = [\"{0}\"]\ntrusted_lists = [\"{0}\"]", typed);
    const auto read = read_config(toml, "x.toml", "/etc/p");
    const std::vector<std::string> wanted{"xn--bcher-kva.test"};
    EXPECT_EQ(read.config.authentication.trusted.sealers, wanted) << typed;
    EXPECT_EQ(read.config.authentication.trusted.lists, wanted) << typed;
  }
}

TEST(Config, ListsABoundedNumberOfProblems) {
  std::string toml;
  for (int i = 0; i < 1000; ++i) toml += "key" + std::to_string(i) + " = 1\n";
  EXPECT_EQ(problems_of(toml).size(), kProblemsMax + 1);
}

TEST(Config, RefusesAFileThatIsTooBig) {
  EXPECT_NE(problem_of(std::string(kConfigOctetsMax + 1, '\n')).find("too big"), std::string::npos);
}

}  // namespace
}  // namespace ph::daemon
