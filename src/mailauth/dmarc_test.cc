#include "mailauth/dmarc.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "codec/idna.h"
#include "mailauth/testing/zone.h"

namespace ph::mailauth {
namespace {

using testing::Zone;

std::string read(const std::string& file) {
  std::ifstream in(std::string(PH_SOURCE_DIR "/tests/corpus/psl/") + file);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

const PublicSuffixes& suffixes() {
  static const auto list = PublicSuffixes::parse(read("public_suffix_list.dat")).value();
  return list;
}

TEST(PublicSuffixes, AgreesWithTheListsOwnTests) {
  std::istringstream lines(read("tests.txt"));
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    if (line.empty() || line.starts_with("//")) continue;
    std::istringstream words(line);
    std::string domain, expected;
    words >> domain >> expected;
    if (domain == "null" || domain.starts_with('.')) continue;  // no domain
    const auto ascii = codec::to_ascii_domain(domain);
    ASSERT_TRUE(ascii) << domain;
    const auto wanted = expected == "null" ? "" : codec::to_ascii_domain(expected).value();
    EXPECT_EQ(suffixes().organizational_domain(*ascii), wanted) << domain;
    ++count;
  }
  EXPECT_GT(count, 70);
  EXPECT_FALSE(PublicSuffixes::parse("").has_value());
}

DkimOutcome signed_by(const std::string& domain, DkimResult result = DkimResult::pass) {
  DkimOutcome out;
  out.result = result;
  out.domain = domain;
  return out;
}

struct Mail {
  std::vector<std::string> from{"example.org"};
  std::string spf;   // domain that SPF passes for; "": none does
  std::string dkim;  // the same
  DmarcMethod method = DmarcMethod::tree_walk;
  unsigned sample = 0;
};

DmarcOutcome evaluate(Zone& zone, const Mail& mail) {
  DmarcQuery query{.author_domains = mail.from, .method = mail.method, .sample = mail.sample};
  if (!mail.spf.empty()) {
    query.spf = SpfResult::pass;
    query.spf_domain = mail.spf;
  }
  if (!mail.dkim.empty()) query.dkim.push_back(signed_by(mail.dkim));
  DmarcCheck check(query, suffixes());
  return zone.run(check);
}

Zone zone_with(const std::string& domain, const std::string& record) {
  Zone zone;
  zone.txt("_dmarc." + domain, {record});
  return zone;
}

TEST(Dmarc, PassesWhatIsAligned) {
  for (const auto method : {DmarcMethod::tree_walk, DmarcMethod::public_suffixes}) {
    Zone relaxed = zone_with("example.org", "v=DMARC1; p=reject");
    EXPECT_EQ(evaluate(relaxed, {.spf = "example.org", .method = method}).result,
              DmarcResult::pass);
    EXPECT_EQ(evaluate(relaxed, {.spf = "b.example.org", .method = method}).result,
              DmarcResult::pass);
    EXPECT_EQ(evaluate(relaxed, {.dkim = "b.example.org", .method = method}).result,
              DmarcResult::pass);
    const auto failed =
        evaluate(relaxed, {.spf = "example.com", .dkim = "other.org", .method = method});
    EXPECT_EQ(failed.result, DmarcResult::fail);
    EXPECT_EQ(failed.disposition, DmarcPolicy::reject);
    EXPECT_FALSE(failed.fix.empty());
    Zone strict = zone_with("example.org", "v=DMARC1; p=reject; adkim=s; aspf=s");
    EXPECT_EQ(evaluate(strict, {.spf = "b.example.org", .dkim = "b.example.org", .method = method})
                  .result,
              DmarcResult::fail);
    EXPECT_EQ(evaluate(strict, {.dkim = "example.org", .method = method}).result,
              DmarcResult::pass);
  }
}

TEST(Dmarc, FindsTheOrganizationUpTheTree) {
  // RFC 9989 §4.10: psd=n ends the walk, psd=y is one label too high.
  Zone zone = zone_with("example.org", "v=DMARC1; p=reject");
  zone.txt("_dmarc.dept.example.org", {"v=DMARC1; p=none; psd=n"});
  EXPECT_EQ(evaluate(zone, {.from = {"x.dept.example.org"}}).organizational_domain,
            "dept.example.org");
  EXPECT_EQ(evaluate(zone, {.from = {"x.dept.example.org"}, .dkim = "y.example.org"}).result,
            DmarcResult::fail);
  EXPECT_EQ(evaluate(zone, {.from = {"x.other.example.org"}}).organizational_domain, "example.org");

  Zone suffix = zone_with("bank", "v=DMARC1; p=reject; psd=y");
  const auto under = evaluate(suffix, {.from = {"mail.one.bank"}, .dkim = "two.bank"});
  EXPECT_EQ(under.organizational_domain, "one.bank");
  EXPECT_EQ(under.record_domain, "bank");
  EXPECT_EQ(under.result, DmarcResult::fail);
  EXPECT_EQ(evaluate(suffix, {.from = {"mail.one.bank"}, .dkim = "one.bank"}).result,
            DmarcResult::pass);
}

TEST(Dmarc, WalksEightNamesAtMost) {
  Zone zone = zone_with("example.org", "v=DMARC1; p=reject");
  std::string deep = "example.org";
  for (int i = 0; i < 40; ++i) deep.insert(0, "a.");
  const auto outcome = evaluate(zone, {.from = {deep}});
  EXPECT_EQ(outcome.organizational_domain, "example.org");
  EXPECT_EQ(outcome.disposition, DmarcPolicy::reject);
  EXPECT_LE(zone.asked(), kDmarcTreeWalkMax);
}

TEST(Dmarc, PoliciesOfSubdomains) {
  Zone zone = zone_with("example.org", "v=DMARC1; p=none; sp=quarantine; np=reject");
  zone.address("there.example.org", "192.0.2.1");
  EXPECT_EQ(evaluate(zone, {}).published, DmarcPolicy::none);
  EXPECT_EQ(evaluate(zone, {.from = {"there.example.org"}}).published, DmarcPolicy::quarantine);
  EXPECT_EQ(evaluate(zone, {.from = {"gone.example.org"}}).published, DmarcPolicy::reject);
}

TEST(Dmarc, TestingAndSharesAreMilder) {
  Zone testing = zone_with("example.org", "v=DMARC1; p=reject; t=y");
  EXPECT_EQ(evaluate(testing, {}).disposition, DmarcPolicy::quarantine);
  Zone quarter = zone_with("example.org", "v=DMARC1; p=quarantine; pct=25");
  EXPECT_EQ(evaluate(quarter, {.sample = 24}).disposition, DmarcPolicy::quarantine);
  EXPECT_EQ(evaluate(quarter, {.sample = 25}).disposition, DmarcPolicy::none);
}

TEST(Dmarc, OfSeveralAuthorsTheWorstCounts) {
  Zone zone = zone_with("example.org", "v=DMARC1; p=none");
  zone.txt("_dmarc.bank.test", {"v=DMARC1; p=reject"});
  const auto outcome =
      evaluate(zone, {.from = {"example.org", "bank.test"}, .dkim = "example.org"});
  EXPECT_EQ(outcome.author_domain, "bank.test");
  EXPECT_EQ(outcome.disposition, DmarcPolicy::reject);
  // In either order, and with trouble of the DNS that a forger can make.
  for (const auto& from : {std::vector<std::string>{"example.org", "bank.test"},
                           std::vector<std::string>{"bank.test", "example.org"}}) {
    DmarcQuery query{.author_domains = from, .spf = SpfResult::temperror};
    DmarcCheck check(query, suffixes());
    const auto unsure = zone.run(check);
    EXPECT_EQ(unsure.author_domain, "bank.test");
    EXPECT_EQ(unsure.result, DmarcResult::temperror);
    Zone silent = zone_with("example.org", "v=DMARC1; p=none");
    silent.fails("_dmarc.bank.test", dns::Status::failed);
    const auto unknown = evaluate(silent, {.from = from});
    EXPECT_EQ(unknown.author_domain, "bank.test");
    EXPECT_EQ(unknown.result, DmarcResult::temperror);
  }
  EXPECT_EQ(evaluate(zone, {.from = {}}).result, DmarcResult::none);
  EXPECT_EQ(evaluate(zone, {.from = {"a.x", "b.x", "c.x", "d.x", "e.x"}}).result,
            DmarcResult::permerror);
}

TEST(Dmarc, DnsTroubleIsTemporary) {
  Zone zone;
  zone.fails("_dmarc.example.org", dns::Status::failed);
  EXPECT_EQ(evaluate(zone, {.dkim = "b.example.org"}).result, DmarcResult::temperror);
  // No policy could make this fail; without the record it is no pass either.
  const auto vouched = evaluate(zone, {.dkim = "example.org"});
  EXPECT_EQ(vouched.result, DmarcResult::none);
  EXPECT_TRUE(vouched.why.starts_with("the DNS does not say the record at _dmarc.example.org"))
      << vouched.why;
  Zone record = zone_with("example.org", "v=DMARC1; p=reject");
  DmarcQuery query{.author_domains = {"example.org"}, .spf = SpfResult::temperror};
  DmarcCheck check(query, suffixes());
  const auto outcome = record.run(check);
  EXPECT_EQ(outcome.result, DmarcResult::temperror);
  EXPECT_EQ(outcome.disposition, DmarcPolicy::none);
}

TEST(Dmarc, TroubleIsNoProofThatANameExists) {
  Zone zone = zone_with("example.org", "v=DMARC1; p=none; np=reject");
  zone.fails("nowhere.example.org", dns::Status::failed);
  EXPECT_EQ(evaluate(zone, {.from = {"nowhere.example.org"}}).result, DmarcResult::temperror);
}

TEST(Dmarc, TroubleAboveADomainThatIsVouchedForIsNone) {
  Zone zone = zone_with("example.org", "v=DMARC1; p=reject");
  zone.fails("_dmarc.org", dns::Status::failed);
  const auto passed = evaluate(zone, {.spf = "example.org", .dkim = "other.org"});
  EXPECT_EQ(passed.result, DmarcResult::pass) << passed.why;
  EXPECT_TRUE(passed.spf.aligned);
  EXPECT_FALSE(passed.dkim.aligned);
  // Here the organization decides, and cannot be found.
  EXPECT_EQ(evaluate(zone, {.spf = "b.example.org"}).result, DmarcResult::temperror);
  Zone without;
  without.fails("_dmarc.org", dns::Status::failed);
  EXPECT_EQ(evaluate(without, {.spf = "example.org"}).result, DmarcResult::none);
  EXPECT_EQ(evaluate(without, {.spf = "other.net"}).result, DmarcResult::temperror);
}

TEST(DmarcRecord, ReadsWhatIsThere) {
  const auto record =
      parse_dmarc_record(
          "v=DMARC1 ; p=Reject;sp=none; rua=mailto:a@x.test!10m, mailto:b@y.test; fo=1:d")
          .value();
  EXPECT_EQ(record.policy, DmarcPolicy::reject);
  EXPECT_EQ(record.subdomain, DmarcPolicy::none);
  EXPECT_EQ(record.aggregate_uris,
            (std::vector<std::string>{"mailto:a@x.test!10m", "mailto:b@y.test"}));
  EXPECT_EQ(record.failure_options, "1:d");
  // RFC 7489 §6.6.3: a wrong p= with rua= is none.
  EXPECT_EQ(parse_dmarc_record("v=DMARC1; p=no; rua=mailto:a@x.test").value().policy,
            DmarcPolicy::none);
  EXPECT_EQ(parse_dmarc_record("v=DMARC1; p=no; rua=mailto:a@x.test").value().problems.size(), 1U);
  for (const char* bad :
       {"", "v=DMARC2; p=none", "p=none; v=DMARC1", "v=DMARC1; p=no", "v=DMARC1; p",
        "v=DMARC1; p; rua", "v=DMARC1; p=\x01reject", "v=DMARC1; p=; p=reject", "v=DMARC1 p=reject",
        "V=DMARC1; p=reject", "v=dmarc1; p=reject", "; v=DMARC1; p=reject"}) {
    EXPECT_FALSE(parse_dmarc_record(bad).has_value()) << bad;
  }
}

// RFC 9989 §4.8, RFC 7489 §6.3: a slip elsewhere does not switch a policy off.
TEST(DmarcRecord, LeavesOutWhatIsBroken) {
  struct Case {
    const char *text, *problem;
  };
  for (const Case& one : {
           Case{"v=DMARC1; p=reject; rua", "\"rua\" is left out: a tag has no \"=\""},
           Case{"v=DMARC1; rua; p=reject", "\"rua\" is left out: a tag has no \"=\""},
           Case{"v=DMARC1; p=reject; x", "\"x\" is left out: a tag has no \"=\""},
           Case{"v=DMARC1; p=reject; =x", "\"\" is left out: not the name of a tag"},
           Case{"v=DMARC1; p=reject; 1x=2", "\"1x\" is left out: not the name of a tag"},
           Case{"v=DMARC1; a b=c; p=reject", "\"a b\" is left out: not the name of a tag"},
           Case{"v=DMARC1; p=reject; sp=none\x7f",
                "\"sp\" is left out: a tag's value has a control character"},
           Case{"v=DMARC1; p=reject; p=none", "\"p\" is left out: a tag stands twice"},
           Case{"v=DMARC1; p=reject; p", "\"p\" is left out: a tag has no \"=\""},
           Case{"v=DMARC1; p=reject; v=DMARC2", "\"v\" is left out: a tag stands twice"},
       }) {
    const auto record = parse_dmarc_record(one.text);
    ASSERT_TRUE(record.has_value()) << one.text;
    EXPECT_EQ(record->policy, DmarcPolicy::reject) << one.text;
    EXPECT_EQ(record->problems, std::vector<std::string>{one.problem}) << one.text;
    Zone zone = zone_with("example.org", one.text);
    const auto outcome = evaluate(zone, {});
    EXPECT_EQ(outcome.disposition, DmarcPolicy::reject) << one.text;
    EXPECT_EQ(outcome.problems, record->problems) << one.text;
  }
  const auto twice =
      parse_dmarc_record("v=DMARC1; p=reject; rua=mailto:a@x.test; rua=mailto:b@x.test").value();
  EXPECT_EQ(twice.aggregate_uris, std::vector<std::string>{"mailto:a@x.test"});
  EXPECT_EQ(twice.problems.size(), 1U);
  // RFC 9989 §4.10.1.
  EXPECT_EQ(parse_dmarc_record("v=DMARC1; p; rua=mailto:a@x.test").value().policy,
            DmarcPolicy::none);
  std::string many = "v=DMARC1; p=reject";
  for (int i = 0; i < 1000; ++i) many += "; a" + std::to_string(i) + "=b";
  const auto record = parse_dmarc_record(many).value();
  EXPECT_EQ(record.policy, DmarcPolicy::reject);
  EXPECT_EQ(record.problems.size(), kDmarcProblemsMax);
}

TEST(Dmarc, SaysWhyARecordDoesNotCount) {
  Zone two = zone_with("example.org", "v=DMARC1; p=reject");
  two.txt("_dmarc.example.org", {"v=DMARC1; p=none"});
  Zone bogus = zone_with("example.org", "v=DMARC1; p=yes");
  for (const auto method : {DmarcMethod::tree_walk, DmarcMethod::public_suffixes}) {
    for (const char* from : {"example.org", "b.example.org"}) {
      const auto several = evaluate(two, {.from = {from}, .method = method});
      EXPECT_EQ(several.result, DmarcResult::none);
      EXPECT_EQ(several.why, "example.org has 2 DMARC records, so that none counts");
      const auto unusable = evaluate(bogus, {.from = {from}, .method = method});
      EXPECT_EQ(unusable.result, DmarcResult::none);
      EXPECT_EQ(unusable.why,
                "the DMARC record of example.org cannot be used: p= is no policy, and there is no "
                "rua=");
      EXPECT_TRUE(unusable.fix.starts_with("have one TXT record at _dmarc.example.org"));
    }
  }
  Zone none;
  EXPECT_EQ(evaluate(none, {}).why, "example.org has no DMARC record");
}

}  // namespace
}  // namespace ph::mailauth
