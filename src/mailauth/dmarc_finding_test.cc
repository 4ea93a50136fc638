#include "mailauth/dmarc_finding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mailauth/dmarc_destinations.h"
#include "mailauth/testing/zone.h"

namespace ph::mailauth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Zone;

AuthenticationFacts facts_of(DmarcResult result, std::string record) {
  AuthenticationFacts facts{.ip = "192.0.2.1", .sender = "bob@Bounces.a.test"};
  facts.spf = SpfOutcome{};
  facts.spf->result = SpfResult::pass;
  facts.spf->domain = "bounces.a.test";
  DkimOutcome failing, passing;
  failing.result = DkimResult::fail;
  failing.domain = "a.test";
  failing.selector = "old";
  passing.result = DkimResult::pass;
  passing.domain = "list.test";
  passing.selector = "s1";
  facts.dkim = std::vector{failing, passing};
  DmarcOutcome dmarc;
  dmarc.result = result;
  dmarc.author_domain = "news.a.test";
  dmarc.record_domain = "a.test";
  dmarc.record = std::move(record);
  const auto read = parse_dmarc_record(dmarc.record);
  if (read) {
    dmarc.published = dmarc.disposition = read->policy;
    dmarc.report_uris = read->aggregate_uris;
  }
  dmarc.spf.aligned = result == DmarcResult::pass;
  facts.dmarc = dmarc;
  return facts;
}

TEST(DmarcFinding, SaysWhatOneMessageAdds) {
  const auto found =
      dmarc_finding(facts_of(DmarcResult::pass, "v=DMARC1; p=reject; rua=mailto:r@a.test"),
                    DmarcPolicy::none, {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->domain, "a.test");
  const DmarcReport::Row wanted{
      .source_ip = "192.0.2.1",
      .count = 1,
      .disposition = "none",
      .dkim = "fail",
      .spf = "pass",
      .header_from = "news.a.test",
      .envelope_from = "bounces.a.test",
      .dkim_results = {{"list.test", "s1", "pass", ""}, {"a.test", "old", "fail", ""}},
      .spf_results = {{"bounces.a.test", "mfrom", "pass", ""}}};
  EXPECT_EQ(found->row, wanted);
}

TEST(DmarcFinding, SaysWhyThePolicyWasNotApplied) {
  auto facts = facts_of(DmarcResult::fail, "v=DMARC1; p=reject; t=y; rua=mailto:r@a.test");
  facts.dmarc->disposition = DmarcPolicy::quarantine;
  const auto tested = dmarc_finding(facts, DmarcPolicy::quarantine, {});
  ASSERT_TRUE(tested);
  EXPECT_THAT(tested->row.reasons, ElementsAre(DmarcReport::Reason{"policy_test_mode", ""}));
  facts = facts_of(DmarcResult::fail, "v=DMARC1; p=reject; pct=5; rua=mailto:r@a.test");
  facts.dmarc->disposition = DmarcPolicy::quarantine;
  const auto sampled = dmarc_finding(facts, DmarcPolicy::none, {{"local_policy", "monitoring"}});
  ASSERT_TRUE(sampled);
  EXPECT_THAT(sampled->row.reasons, ElementsAre(DmarcReport::Reason{"sampled_out", ""},
                                                DmarcReport::Reason{"local_policy", "monitoring"}));
}

TEST(DmarcFinding, NobodyAskedOrNothingIsKnown) {
  const std::string record = "v=DMARC1; p=reject; rua=mailto:r@a.test";
  for (const auto result : {DmarcResult::none, DmarcResult::temperror, DmarcResult::permerror})
    EXPECT_FALSE(dmarc_finding(facts_of(result, record), DmarcPolicy::none, {}));
  for (const auto* quiet : {"v=DMARC1; p=reject", "v=DMARC1; p=reject; rua=https://a.test/"})
    EXPECT_FALSE(dmarc_finding(facts_of(DmarcResult::pass, quiet), DmarcPolicy::none, {}));
}

TEST(DmarcFinding, PolicyPublishedHasItsDefaults) {
  std::vector<std::string> problems;
  const auto policy = dmarc_policy_published(
      "a.test", "v=DMARC1; p=quarantine; aspf=s; np=reject; sp=loud; t=y", problems);
  const DmarcReport::Policy wanted{.domain = "a.test",
                                   .adkim = "r",
                                   .aspf = "s",
                                   .p = "quarantine",
                                   .sp = "quarantine",
                                   .np = "reject",
                                   .pct = "100",
                                   .fo = "0",
                                   .testing = "y"};
  EXPECT_EQ(policy, wanted);
  EXPECT_THAT(problems, ElementsAre(HasSubstr("sp=loud")));
}

TEST(DmarcDestinations, UrisAreRead) {
  const auto read = [](std::string_view uri) {
    const auto found = parse_dmarc_report_uri(uri);
    if (!found) return std::string(found.error().what);
    return message::to_string(found->address) +
           (found->octets_max ? " " + std::to_string(*found->octets_max) : "");
  };
  EXPECT_EQ(read("mailto:r@a.test"), "r@a.test");
  EXPECT_EQ(read("MAILTO:r@A.test!10m"), "r@a.test 10485760");
  EXPECT_EQ(read("mailto:r@a.test!500"), "r@a.test 500");
  EXPECT_EQ(read("mailto:r@a.test!5000000"), "r@a.test 5000000");
  EXPECT_EQ(read("mailto:r@a.test!2000000k"), "r@a.test 2048000000");
  EXPECT_EQ(read("mailto:r@a.test!99999999999999999999t"), "r@a.test 1152921504606846976");
  EXPECT_EQ(read("mailto:r%2Bx%21@a.test!2k?subject=x"), "the size behind ! is not understood");
  EXPECT_EQ(read("mailto:r%2Bx%21@a.test!2k"), "r+x!@a.test 2048");
  EXPECT_EQ(read("mailto:r@a.test?subject=x"), "r@a.test");
  EXPECT_EQ(read("mailto:r@a.test!many"), "the size behind ! is not understood");
  EXPECT_EQ(read("https://a.test/r"), "reports can be sent to mailto: alone");
  EXPECT_EQ(read("mailto:postmaster"), "the address has no domain");
}

class Destinations : public ::testing::Test {
 protected:
  std::vector<std::string> look(std::vector<std::string> uris) {
    const DmarcDestinations check("blue.example.com", std::move(uris), suffixes_);
    std::vector<std::string> out;
    for (const auto& each : zone_.run(check)) {
      using enum DmarcDestination::May;
      out.push_back(each.may == send ? "send " + message::to_string(each.to.address)
                                     : (each.may == no ? "no: " : "later: ") + each.why);
    }
    return out;
  }
  const PublicSuffixes suffixes_;
  Zone zone_;
};

TEST_F(Destinations, OfTheSameOrganizationNeedNoRecord) {
  EXPECT_THAT(look({"mailto:a@blue.example.com", "mailto:b@red.example.com",
                    "mailto:a@blue.example.com!1m"}),
              ElementsAre("send a@blue.example.com", "send b@red.example.com"));
  EXPECT_EQ(zone_.asked(), 0u);
}

TEST_F(Destinations, OutsideAreAskedFor) {
  zone_.txt("blue.example.com._report._dmarc.red.example.net", {"v=DMARC1"});
  zone_.txt("blue.example.com._report._dmarc.other.example.net",
            {"v=DMARC1; rua=mailto:new@other.example.net"});
  zone_.txt("blue.example.com._report._dmarc.abuse.example.net",
            {"v=DMARC1; rua=mailto:victim@victim.test"});
  zone_.txt("blue.example.com._report._dmarc.words.example.net", {"hello"});
  zone_.fails("blue.example.com._report._dmarc.slow.test", dns::Status::timed_out);
  EXPECT_THAT(
      look({"mailto:r@red.example.net", "mailto:old@other.example.net",
            "mailto:r@abuse.example.net", "mailto:r@words.example.net", "mailto:r@victim.test",
            "mailto:r@slow.test", "mailto:r@[192.0.2.1]", "ftp:x"}),
      ElementsAre(
          "send r@red.example.net", "send new@other.example.net",
          "no: abuse.example.net sends reports on to mailto:victim@victim.test, which is not its "
          "own",
          HasSubstr("no: words.example.net does not say that it takes reports"),
          HasSubstr("no: victim.test does not say that it takes reports about blue.example.com: "
                    "there is no record blue.example.com._report._dmarc.victim.test"),
          "later: the DNS does not say whether slow.test takes reports about blue.example.com",
          HasSubstr("no: mailto:r@[192.0.2.1]: its domain cannot be in the DNS"),
          HasSubstr("no: ftp:x: reports can be sent to mailto: alone")));
}

}  // namespace
}  // namespace ph::mailauth
