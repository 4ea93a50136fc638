#include "mailauth/lint.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/ascii.h"
#include "mailauth/dkim_record.h"
#include "mailauth/testing/zone.h"

namespace ph::mailauth {
namespace {

using testing::Zone;

struct Check {
  std::string domain = "x.test";
  std::vector<std::string> selectors;
  std::optional<LintOutcome> run(Lookups& lookups) const {
    return lint_domain(domain, selectors, Wall{}, lookups);
  }
};

LintOutcome lint(Zone& zone, std::vector<std::string> selectors = {}) {
  const Check check{.selectors = std::move(selectors)};
  return zone.run(check);
}

/// A finding with these words; what stands there otherwise is shown.
::testing::AssertionResult says(const LintOutcome& outcome, LintSeverity severity,
                                std::string_view what) {
  std::string all;
  for (const auto& each : outcome.findings) {
    if (each.severity == severity && each.what.find(what) != std::string::npos &&
        !each.why.empty() && !each.fix.empty())
      return ::testing::AssertionSuccess();
    all += std::string(to_string(each.severity)) + ": " + each.what + "\n";
  }
  return ::testing::AssertionFailure() << "not among:\n" << all;
}

const crypto::PrivateKey& key() {
  static const auto made = crypto::PrivateKey::generate(crypto::KeyKind::rsa, 2048).value();
  return made;
}

/// A domain with nothing to criticise.
Zone good(std::string_view spf = "v=spf1 mx -all",
          std::string_view dmarc = "v=DMARC1; p=reject; rua=mailto:d@x.test") {
  Zone zone;
  zone.mx("x.test", 10, "mx.x.test");
  zone.address("mx.x.test", "192.0.2.1");
  if (!spf.empty()) zone.txt("x.test", {std::string(spf)});
  if (!dmarc.empty()) zone.txt("_dmarc.x.test", {std::string(dmarc)});
  zone.txt("s1._domainkey.x.test", {format_dkim_record(key())});
  return zone;
}

TEST(Lint, FindsNothingInGoodRecords) {
  Zone zone = good();
  const auto outcome = lint(zone, {"s1"});
  EXPECT_TRUE(outcome.findings.empty()) << outcome.findings.front().what;
  std::vector<std::string> kinds;
  for (const auto& each : outcome.records) kinds.push_back(each.kind);
  EXPECT_EQ(kinds, (std::vector<std::string>{"mx", "spf", "dmarc", "dkim"}));
}

TEST(Lint, CriticisesSpf) {
  struct Case {
    std::string record;
    LintSeverity severity;
    std::string what;
  };
  using enum LintSeverity;
  for (const auto& [record, severity, what] :
       std::vector<Case>{{"", wrong, "no SPF record"},
                         {"v=spf1 +all", wrong, "+all"},
                         {"v=spf1 mx", risk, "without \"all\""},
                         {"v=spf1 ?all", risk, "?all"},
                         {"v=spf1 ~all", advice, "~all"},
                         {"v=spf1 ptr -all", risk, "ptr"},
                         {"v=spf1 ip4:0.0.0.0/1 -all", risk, "large part"},
                         {"v=spf1 -all mx", wrong, "behind \"all\""},
                         {"v=spf1 mxx -all", wrong, "record is wrong"},
                         {"v=spf1 include:x.test -all", wrong, ""},
                         {"v=spf1 a a a a a a a a a -all", risk, "9 of 10"}}) {
    Zone zone = good(record);
    zone.address("x.test", "192.0.2.7");
    EXPECT_TRUE(says(lint(zone, {"s1"}), severity, what)) << record;
  }
  Zone two = good();
  two.txt("x.test", {"v=spf1 -all"});
  EXPECT_TRUE(says(lint(two, {"s1"}), wrong, "2 SPF records"));
}

TEST(Lint, CriticisesDmarc) {
  using enum LintSeverity;
  for (const auto& [record, severity, what] :
       std::vector<std::tuple<std::string, LintSeverity, std::string>>{
           {"", wrong, "no DMARC record"},
           {"v=DMARC1; p=none; rua=mailto:d@x.test", risk, "p=none"},
           {"v=DMARC1; p=reject; sp=none; rua=mailto:d@x.test", risk, "subdomains"},
           {"v=DMARC1; p=reject; t=y; rua=mailto:d@x.test", risk, "a test"},
           {"v=DMARC1; p=reject; pct=20; rua=mailto:d@x.test", risk, "20%"},
           {"v=DMARC1; p=reject", advice, "no reports"}}) {
    Zone zone = good("v=spf1 mx -all", record);
    EXPECT_TRUE(says(lint(zone, {"s1"}), severity, what)) << record;
  }
  Zone two = good();
  two.txt("_dmarc.x.test", {"v=DMARC1; p=none"});
  EXPECT_TRUE(says(lint(two, {"s1"}), wrong, "2 DMARC records"));
  // A record above is as good as one's own.
  Zone above = good("v=spf1 mx -all", "");
  above.txt("_dmarc.test", {"v=DMARC1; p=none; psd=y"});
  EXPECT_TRUE(says(lint(above, {"s1"}), risk, "record of test wants nothing"));
}

TEST(Lint, CriticisesKeys) {
  using enum LintSeverity;
  const auto short_key = crypto::PrivateKey::generate(crypto::KeyKind::rsa, 1024).value();
  Zone zone = good();
  zone.txt("short._domainkey.x.test", {format_dkim_record(short_key)});
  zone.txt("gone._domainkey.x.test", {"v=DKIM1; p="});
  zone.txt("bad._domainkey.x.test", {"v=DKIM1; p=AAAA"});
  zone.txt("test._domainkey.x.test", {format_dkim_record(key()) + "; t=y"});
  const auto outcome = lint(zone, {"short", "gone", "bad", "test", "none"});
  EXPECT_TRUE(says(outcome, risk, "short._domainkey.x.test has 1024 bits"));
  EXPECT_TRUE(says(outcome, advice, "gone._domainkey.x.test is revoked"));
  EXPECT_TRUE(says(outcome, wrong, "bad._domainkey.x.test is no key"));
  EXPECT_TRUE(says(outcome, risk, "marked as a test"));
  EXPECT_TRUE(says(outcome, wrong, "no key at none._domainkey.x.test"));
  EXPECT_TRUE(std::ranges::is_sorted(outcome.findings, {}, &LintFinding::severity));
}

TEST(Lint, WhatTheDnsDoesNotSayIsNoFault) {
  using enum LintSeverity;
  Zone zone;
  zone.txt("s1._domainkey.x.test", {format_dkim_record(key())});
  zone.fails("x.test", dns::Status::failed);
  zone.fails("_dmarc.x.test", dns::Status::timed_out);
  const auto outcome = lint(zone, {"s1"});
  ASSERT_FALSE(outcome.findings.empty());
  for (const auto& each : outcome.findings) EXPECT_EQ(each.severity, unknown) << each.what;
}

TEST(Lint, ADomainWithoutMailNeedsLittle) {
  Zone zone;
  zone.mx("x.test", 0, "");
  zone.txt("x.test", {"v=spf1 -all"});
  zone.txt("_dmarc.x.test", {"v=DMARC1; p=reject; rua=mailto:d@x.test"});
  EXPECT_TRUE(lint(zone).findings.empty());
}

TEST(Lint, CriticisesMailHosts) {
  using enum LintSeverity;
  Zone zone = good();
  zone.mx("x.test", 20, "192.0.2.9");
  zone.mx("x.test", 30, "gone.x.test");
  zone.txt("bare.x.test", {"no address here"});
  zone.mx("x.test", 40, "bare.x.test");
  zone.target("alias.x.test", dns::kTypeCname, "mx.x.test");
  zone.mx("x.test", 50, "alias.x.test");
  zone.address("six.x.test", "2001:db8::1");
  zone.mx("x.test", 60, "Six.X.test");
  zone.fails("dark.x.test", dns::Status::timed_out);
  zone.mx("x.test", 70, "dark.x.test");
  zone.mx("x.test", 0, "");
  const auto outcome = lint(zone, {"s1"});
  EXPECT_TRUE(says(outcome, wrong, "names an IP address: 192.0.2.9"));
  EXPECT_TRUE(says(outcome, wrong, "gone.x.test has no address"));
  EXPECT_TRUE(says(outcome, wrong, "bare.x.test has no address"));
  EXPECT_TRUE(says(outcome, risk, "alias.x.test is an alias (CNAME) of mx.x.test"));
  EXPECT_TRUE(says(outcome, wrong, "stands beside others"));
  EXPECT_TRUE(says(outcome, unknown, "A of dark.x.test"));
  for (const auto& each : outcome.findings) {
    EXPECT_EQ(ascii_lower(each.what).find("six.x.test"), std::string::npos) << each.what;
    EXPECT_EQ(each.what.find("host mx.x.test"), std::string::npos) << each.what;
  }
}

TEST(Lint, TheHostsThatAreLookedAtAreBounded) {
  Zone zone = good();
  for (int i = 0; i < 1000; ++i) zone.mx("x.test", 10, "h" + std::to_string(i) + ".x.test");
  lint(zone, {"s1"});
  EXPECT_LT(zone.asked(), 2 * kLintMailHostsMax + kLintSelectorsMax + 40);
}

TEST(Lint, CriticisesTheRecordsOfTransport) {
  using enum LintSeverity;
  const std::string sts = "_mta-sts.x.test", report = "_smtp._tls.x.test";
  struct Case {
    std::string name, text;
    LintSeverity severity;
    std::string what;
  };
  for (const auto& [name, text, severity, what] : std::vector<Case>{
           {sts, "v=STSv1;", wrong, "has no id="},
           {sts, "v=STSv1; id=2026-11-21;", wrong, "id= of the MTA-STS record is wrong"},
           {sts, "v=STSv1; id=" + std::string(33, 'a'), wrong, "is wrong"},
           {sts, "v=STSv1; id=1; id=2", wrong, "record is wrong"},
           {sts, "v=STSv1; id=20261121T100000;", advice, "without TLS-RPT"},
           {report, "v=TLSRPTv1;", wrong, "has no rua="},
           {report, "v=TLSRPTv1; rua=d@x.test", wrong, "names no place for reports: \"d@x.test\""},
           {report, "v=TLSRPTv1; rua=mailto:d", wrong, "\"mailto:d\""},
           {report, "v=TLSRPTv1; rua=https://", wrong, "\"https://\""},
           {report, "v=TLSRPTv1; rua=mailto:d@x.test,http://x.test", wrong, "\"http://x.test\""}}) {
    Zone zone = good();
    zone.txt(name, {text});
    const auto outcome = lint(zone, {"s1"});
    EXPECT_TRUE(says(outcome, severity, what)) << text;
    // The worst comes first; that nobody is asked for reports may come behind it.
    EXPECT_NE(outcome.findings.front().what.find(what), std::string::npos) << text;
    EXPECT_LE(outcome.findings.size(), name == sts ? 2U : 1U) << text;
  }
  Zone fine = good();
  fine.txt(sts, {"v=STSv1; id=1"});
  fine.txt(report, {"v=TLSRPTv1; rua=mailto:d@x.test, https://x.test/tls"});
  EXPECT_TRUE(lint(fine, {"s1"}).findings.empty());
  fine.txt(report, {"v=TLSRPTv1; rua=mailto:e@x.test"});
  EXPECT_TRUE(says(lint(fine, {"s1"}), wrong, "2 TLS-RPT records"));
}

TEST(Lint, SaysWhoDoesNotTakeTheReports) {
  using enum LintSeverity;
  Zone zone = good("v=spf1 mx -all",
                   "v=DMARC1; p=reject; rua=mailto:d@x.test,mailto:d@y.test,mailto:d@dark.test; "
                   "ruf=mailto:f@z.test,mailto:f@y.test");
  zone.txt("x.test._report._dmarc.z.test", {"v=DMARC1"});
  zone.fails("x.test._report._dmarc.dark.test", dns::Status::failed);
  const auto outcome = lint(zone, {"s1"});
  EXPECT_TRUE(says(outcome, wrong, "rua= names mailto:d@y.test, and no reports go there"));
  EXPECT_TRUE(says(outcome, wrong, "ruf= names mailto:f@y.test"));
  EXPECT_TRUE(says(outcome, unknown, "rua= names mailto:d@dark.test"));
  EXPECT_EQ(outcome.findings.size(), 3U);
}

}  // namespace
}  // namespace ph::mailauth
