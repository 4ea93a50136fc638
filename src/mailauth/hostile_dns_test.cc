// What a domain may publish to make a check costly. Counted: questions to the DNS, rounds in which
// they are asked, octets of answers that are kept. docs/limits.md names the bounds.
#include <gtest/gtest.h>

#include "codec/base64.h"
#include "mailauth/dmarc.h"
#include "mailauth/iprev.h"
#include "mailauth/spf.h"
#include "mailauth/testing/zone.h"

namespace ph::mailauth {
namespace {

using testing::Zone;

constexpr std::size_t kTxtOctets = 64 << 10;  // as much as one answer can hold

struct Cost {
  std::size_t questions = 0, rounds = 0, octets = 0;
};

/// Runs a check to its outcome as the server does, and counts.
template <class Check>
auto run(const Zone& zone, Check& check, Cost& cost) {
  Lookups lookups;
  for (;; ++cost.rounds) {
    if (auto outcome = check.run(lookups)) {
      cost.octets = lookups.octets();
      return *std::move(outcome);
    }
    const auto questions = lookups.take_questions();
    PH_CHECK(!questions.empty());
    cost.questions += questions.size();
    for (const auto& question : questions) lookups.answer(question, zone.answer(question));
  }
}

struct Judged {
  SpfOutcome outcome;
  Cost cost;
};

Judged spf(const Zone& zone, std::string sender = "ann@a.test", std::string helo = "h.test") {
  SpfCheck check({.ip = "192.0.2.1", .helo = std::move(helo), .sender = std::move(sender)});
  Judged out;
  out.outcome = run(zone, check, out.cost);
  EXPECT_LE(out.cost.octets, kLookupOctetsMax);
  EXPECT_LE(out.outcome.terms, kSpfTermsMax + 1);
  EXPECT_LE(out.outcome.void_lookups, kSpfVoidLookupsMax + 1);
  EXPECT_LE(out.outcome.path.size(), kSpfStepsMax);
  EXPECT_LE(out.outcome.why.size(), 1000U);  // it goes into the header and the events
  return out;
}

std::string repeated(std::string_view piece, std::size_t octets) {
  std::string out;
  while (out.size() + piece.size() <= octets) out += piece;
  return out;
}

TEST(HostileSpf, LoopsEndAtTheLimitOfTerms) {
  Zone zone;
  zone.txt("a.test", {"v=spf1 include:a.test -all"});
  Judged judged = spf(zone);
  EXPECT_EQ(judged.outcome.result, SpfResult::permerror);
  EXPECT_EQ(judged.cost.questions, 1U);  // the record is known

  Zone ring;
  for (char c = 'a'; c <= 'z'; ++c) {
    const char next = c == 'z' ? 'a' : static_cast<char>(c + 1);
    ring.txt(std::string(1, c) + ".test", {std::string("v=spf1 redirect=") + next + ".test"});
  }
  judged = spf(ring);
  EXPECT_EQ(judged.outcome.result, SpfResult::permerror);
  EXPECT_EQ(judged.cost.questions, kSpfTermsMax + 1U);

  Zone names;  // each level asks for a name that nobody asked for before
  names.txt("a.test", {"v=spf1 include:%{l1r}.%{d} -all"});
  judged = spf(names, "a.b.c.d@a.test");
  EXPECT_EQ(judged.outcome.result, SpfResult::permerror);
  EXPECT_LE(judged.cost.questions, 2U);
}

TEST(HostileSpf, ATreeOfIncludesCountsAsAWhole) {
  Zone zone;  // ten branches at each of three levels are 1,110 terms
  const auto branches = [](const std::string& below) {
    std::string record = "v=spf1";
    for (int i = 0; i < 10; ++i) record += " include:" + std::to_string(i) + below;
    return record + " -all";
  };
  zone.txt("a.test", {branches(".a.test")});
  for (int i = 0; i < 10; ++i) {
    const std::string at = "." + std::to_string(i) + ".a.test";
    zone.txt(at.substr(1), {branches(at)});
    for (int j = 0; j < 10; ++j) zone.txt(std::to_string(j) + at, {"v=spf1 -all"});
  }
  const Judged judged = spf(zone);
  EXPECT_EQ(judged.outcome.result, SpfResult::permerror);
  EXPECT_EQ(judged.cost.questions, kSpfTermsMax + 1U);
}

TEST(HostileSpf, RecordsAsLongAsAnAnswerCanBe) {
  Zone zone;  // thousands of terms that cost no question
  zone.txt("a.test", {"v=spf1" + repeated(" ip4:10.0.0.1", kTxtOctets - 100) + " +all"});
  Judged judged = spf(zone);
  EXPECT_EQ(judged.outcome.result, SpfResult::pass);
  EXPECT_EQ(judged.cost.questions, 1U);
  EXPECT_EQ(judged.outcome.path.size(), kSpfStepsMax);

  Zone over;
  over.txt("a.test", {"v=spf1" + repeated(" ip4:10.0.0.1", 2 * kTxtOctets)});
  judged = spf(over);
  EXPECT_EQ(judged.outcome.result, SpfResult::permerror);
  EXPECT_EQ(judged.cost.questions, 1U);

  Zone strings;  // of one octet each
  std::string rdata;
  for (const char c : "v=spf1 ip4:192.0.2.1" + repeated(" ?all", 1000) + " -all")
    rdata += std::string("\x01") + c;
  strings.set("a.test", dns::kTypeTxt, rdata);
  EXPECT_EQ(spf(strings).outcome.result, SpfResult::pass);

  Zone records;
  for (int i = 0; i < 1000; ++i) records.txt("a.test", {"v=spf1 +all"});
  judged = spf(records);
  EXPECT_EQ(judged.outcome.result, SpfResult::permerror);
  EXPECT_EQ(judged.cost.questions, 1U);

  Zone others;  // which are not of SPF
  for (int i = 0; i < 1000; ++i) others.txt("a.test", {"proof=" + std::to_string(i)});
  others.txt("a.test", {"v=spf1 -all"});
  EXPECT_EQ(spf(others).outcome.result, SpfResult::fail);
}

TEST(HostileSpf, AnswersThatTogetherAreTooLong) {
  Zone zone;  // 30 names of 64 KiB: more than one message may keep us
  std::string record = "v=spf1";
  const std::string rest = repeated(" ip4:10.0.0.1", kTxtOctets - 2000);
  for (int i = 0; i < 9; ++i) record += " include:" + std::to_string(i) + ".a.test";
  zone.txt("a.test", {record});
  for (int i = 0; i < 9; ++i) {
    const std::string at = std::to_string(i) + ".a.test";
    zone.txt(at, {"v=spf1" + rest});
    for (int j = 0; j < 3; ++j) zone.txt(at, {rest});
  }
  const Judged judged = spf(zone);
  EXPECT_EQ(judged.outcome.result, SpfResult::temperror) << judged.outcome.why;
  EXPECT_LE(judged.cost.questions, kSpfTermsMax + 1U);
}

TEST(HostileSpf, OctetsThatNoRecordHas) {
  for (const std::string_view bad : {"v=spf1 a:\0.test -all", "v=spf1\0-all", "v=spf1 \xff",
                                     "v=spf1 include:\x01\x02", "v=spf1 exists:%{l\0}.test"}) {
    Zone zone;
    zone.txt("a.test", {std::string(bad.data(), bad.size()) + std::string("\0 +all", 6)});
    const Judged judged = spf(zone);
    EXPECT_NE(judged.outcome.result, SpfResult::pass);
    EXPECT_LE(judged.cost.questions, 1U);
  }
  Zone zone;
  zone.txt("a.test", {std::string("v=spf1 a:x\0y.test -all", 22)});
  EXPECT_EQ(spf(zone).outcome.result, SpfResult::permerror);
}

TEST(HostileSpf, AThousandNames) {
  Zone zone;
  zone.txt("a.test", {"v=spf1 mx -all"});
  for (int i = 0; i < 1000; ++i) zone.mx("a.test", 10, "h" + std::to_string(i) + ".a.test");
  Judged judged = spf(zone);
  EXPECT_EQ(judged.outcome.result, SpfResult::permerror);
  EXPECT_EQ(judged.cost.questions, 2U);  // none of their addresses

  Zone names;
  names.txt("a.test", {"v=spf1 ptr exists:%{p}.x.test -all"});
  for (int i = 0; i < 1000; ++i)
    names.target("1.2.0.192.in-addr.arpa", dns::kTypePtr, "h" + std::to_string(i) + ".a.test");
  judged = spf(names);
  EXPECT_EQ(judged.outcome.result, SpfResult::fail);
  EXPECT_LE(judged.cost.questions, 3U + kSpfPtrNamesMax);

  Cost cost;
  struct {
    std::optional<IprevOutcome> run(Lookups& lookups) { return check_iprev("192.0.2.1", lookups); }
  } iprev;
  EXPECT_EQ(run(names, iprev, cost).result, IprevResult::fail);
  EXPECT_LE(cost.questions, 1U + kIprevNamesMax);
}

TEST(HostileSpf, NamesThatAreNotThere) {
  Zone zone;
  zone.txt("a.test", {"v=spf1" + repeated(" exists:%{l}.nowhere.test", 400) + " -all"});
  Judged judged = spf(zone);
  EXPECT_EQ(judged.outcome.result, SpfResult::permerror);
  EXPECT_LE(judged.cost.questions, 1U + kSpfTermsMax);
  EXPECT_LE(judged.outcome.void_lookups, kSpfVoidLookupsMax + 1);

  Zone many;
  std::string record = "v=spf1";
  for (int i = 0; i < 10; ++i) record += " a:n" + std::to_string(i) + ".test";
  many.txt("a.test", {record});
  judged = spf(many);
  EXPECT_EQ(judged.outcome.result, SpfResult::permerror);
  EXPECT_EQ(judged.cost.questions, 1U + kSpfVoidLookupsMax + 1U);
}

TEST(HostileSpf, AliasesThatLeadInCircles) {
  Zone zone;
  zone.target("a.test", dns::kTypeCname, "b.test");
  zone.target("b.test", dns::kTypeCname, "a.test");
  const Judged judged = spf(zone);
  EXPECT_EQ(judged.outcome.result, SpfResult::temperror);
  EXPECT_EQ(judged.cost.questions, 1U);
}

TEST(HostileSpf, MacroBombs) {
  Zone zone;  // a domain of 64 KiB of macros is none
  zone.txt("a.test", {"v=spf1 exists:" + repeated("%{h}.", kTxtOctets - 1000) + "x.test -all"});
  Judged judged = spf(zone, "ann@a.test", std::string(500, 'h'));
  EXPECT_EQ(judged.outcome.result, SpfResult::permerror);
  EXPECT_EQ(judged.cost.questions, 1U);

  // As many as may be, of values as long as they may be, ten times.
  Zone full;
  const std::string spec = repeated("%{s}.", kSpfDomainSpecOctetsMax - 6) + "x.test";
  std::string record = "v=spf1";
  for (int i = 0; i < 10; ++i) record += " exists:" + std::to_string(i) + spec.substr(1);
  full.txt("a.test", {"v=spf1 exists:" + spec + " exists:" + spec + " -all"});
  judged = spf(full, repeated("l.", 60) + "l@a.test");
  EXPECT_EQ(judged.outcome.result, SpfResult::fail) << judged.outcome.why;
  EXPECT_EQ(judged.cost.questions, 2U);  // of 253 octets, once

  // Parts in reverse order, each delimiter, a value without end.
  Zone reversed;
  reversed.txt("a.test", {"v=spf1 exists:%{l999r.-+,/_=}.x.test exists:%{S}.x.test -all"});
  judged = spf(reversed, repeated("l-+", 60) + "@a.test");
  EXPECT_LE(judged.cost.questions, 3U);
  EXPECT_EQ(judged.outcome.result, SpfResult::fail);

  Zone explained;
  explained.txt("a.test", {"v=spf1 -all exp=why.test"});
  explained.txt("why.test", {repeated("%{h}", kSpfExplanationOctetsMax)});
  judged = spf(explained, "ann@a.test", std::string(500, 'h'));
  EXPECT_EQ(judged.outcome.result, SpfResult::fail);
  EXPECT_LE(judged.outcome.explanation.size(), 500 * kSpfExplanationOctetsMax / 4);
}

// --- DMARC

const PublicSuffixes& suffixes() {
  static const PublicSuffixes list;
  return list;
}

DmarcOutcome dmarc(const Zone& zone, DmarcQuery query, Cost& cost) {
  DmarcCheck check(std::move(query), suffixes());
  DmarcOutcome outcome = run(zone, check, cost);
  EXPECT_LE(cost.octets, kLookupOctetsMax);
  EXPECT_LE(outcome.problems.size(), kDmarcProblemsMax);
  return outcome;
}

std::string deep(std::size_t labels) { return repeated("a.", 2 * (labels - 1)) + "test"; }

TEST(HostileDmarc, ATreeOf125Labels) {
  Zone zone;
  Cost cost;
  EXPECT_EQ(dmarc(zone, {.author_domains = {deep(100)}}, cost).result, DmarcResult::none);
  EXPECT_EQ(cost.questions, kDmarcTreeWalkMax);
  // So long that "_dmarc." does not fit before it: that question cannot be asked.
  cost = {};
  EXPECT_EQ(dmarc(zone, {.author_domains = {deep(125)}}, cost).result, DmarcResult::none);
  EXPECT_EQ(cost.questions, kDmarcTreeWalkMax - 1);
  zone.txt("_dmarc." + deep(7), {"v=DMARC1; p=reject"});
  cost = {};
  EXPECT_EQ(dmarc(zone, {.author_domains = {deep(125)}}, cost).result, DmarcResult::fail);
}

TEST(HostileDmarc, ManyAuthorsAndSignersWithDeepNames) {
  Zone zone;
  DmarcQuery query;
  const auto own = [](std::string_view kind, int i) {
    return "a.b.c.d.e.f.g.h." + std::string(kind) + std::to_string(i);
  };
  for (std::size_t i = 0; i < kDmarcAuthorDomainsMax; ++i) {
    query.author_domains.push_back(own("author", static_cast<int>(i)));
    zone.txt("_dmarc.author" + std::to_string(i), {"v=DMARC1; p=reject; np=reject"});
  }
  for (std::size_t i = 0; i < kDkimSignaturesMax; ++i) {
    DkimOutcome one{.result = DkimResult::pass};
    one.domain = own("signer", static_cast<int>(i));
    query.dkim.push_back(std::move(one));
  }
  query.spf = SpfResult::pass;
  query.spf_domain = own("sender", 0);
  Cost cost;
  EXPECT_EQ(dmarc(zone, query, cost).result, DmarcResult::fail);
  EXPECT_EQ(cost.questions, kDmarcAuthorDomainsMax * (kDmarcTreeWalkMax + 3) +
                                (kDkimSignaturesMax + 1) * kDmarcTreeWalkMax);
  EXPECT_LT(cost.questions, kLookupsMax);
  // All signers at once: the rounds are those of the longest way, not of all of them.
  EXPECT_LE(cost.rounds, 3 * kDmarcTreeWalkMax + 3);
}

TEST(HostileDmarc, RecordsAsLongAsAnAnswerCanBe) {
  Cost cost;
  const DmarcQuery query{.author_domains = {"a.test"}};
  for (const std::string_view piece :
       {";", "; rua=a", "; x=y", " ", "; rua=mailto:a@b.test,", "\xff", "v=DMARC1;"}) {
    Zone zone;
    zone.txt("_dmarc.a.test", {"v=DMARC1; p=reject" + repeated(piece, kTxtOctets - 100)});
    cost = {};
    EXPECT_EQ(dmarc(zone, query, cost).result, DmarcResult::none) << piece;  // too long: it is none
    EXPECT_EQ(cost.questions, 2U);
  }
  for (const std::string_view piece : {",a", ",b@c", ",mailto:x@y", ",,"}) {
    Zone zone;
    zone.txt("_dmarc.a.test", {"v=DMARC1; p=reject; rua=" + repeated(piece, 8000)});
    cost = {};
    const auto outcome = dmarc(zone, query, cost);
    EXPECT_EQ(outcome.result, DmarcResult::fail);
    EXPECT_LE(outcome.report_uris.size(), kDmarcReportUrisMax);
  }
  EXPECT_EQ(parse_dmarc_record("v=DMARC1; rua=" + repeated("a,", 200))->problems.size(),
            kDmarcProblemsMax);
  Zone many;
  for (int i = 0; i < 1000; ++i) many.txt("_dmarc.a.test", {"v=DMARC1; p=reject"});
  cost = {};
  EXPECT_EQ(dmarc(many, query, cost).result, DmarcResult::none);
  Zone others;
  for (int i = 0; i < 1000; ++i) others.txt("_dmarc.a.test", {"proof=" + std::to_string(i)});
  others.txt("_dmarc.a.test", {"v=DMARC1; p=reject"});
  cost = {};
  EXPECT_EQ(dmarc(others, query, cost).result, DmarcResult::fail);
  Zone nul;
  nul.txt("_dmarc.a.test", {std::string("v=DMARC1; p=reject\0; x=y", 24)});
  cost = {};
  EXPECT_EQ(dmarc(nul, query, cost).result, DmarcResult::none);
}

// --- what is asked

TEST(HostileLookups, QuestionsAndOctetsHaveTheirLimits) {
  Lookups lookups;
  for (std::size_t i = 0; i < kLookupsMax; ++i)
    EXPECT_EQ(lookups.find("n" + std::to_string(i) + ".test", dns::kTypeA), nullptr);
  const auto* answer = lookups.find("one.more.test", dns::kTypeA);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->status, dns::Status::failed);
  EXPECT_EQ(lookups.take_questions().size(), kLookupsMax);

  Lookups full;
  std::size_t kept = 0;
  for (int i = 0; i < 100; ++i) {
    const dns::Question question{"n" + std::to_string(i) + ".test", dns::kTypeTxt};
    full.find(question.name, question.type);
    full.answer(question, {.status = dns::Status::ok, .data = {std::string(kTxtOctets, 'x')}});
    kept += full.find(question.name, question.type)->status == dns::Status::ok ? 1 : 0;
  }
  EXPECT_EQ(kept, kLookupOctetsMax / kTxtOctets);
  EXPECT_EQ(full.octets(), kLookupOctetsMax);
}

}  // namespace
}  // namespace ph::mailauth
