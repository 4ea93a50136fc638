#include "policy/sender_verdict.h"

#include <gtest/gtest.h>

namespace ph::policy {
namespace {

using mailauth::DmarcPolicy;
using mailauth::DmarcResult;
using What = SenderVerdict::What;

mailauth::AuthenticationFacts found(DmarcResult result, DmarcPolicy wants) {
  mailauth::AuthenticationFacts facts;
  facts.dmarc = mailauth::DmarcOutcome{.result = result,
                                       .author_domain = "a.test",
                                       .record = "v=DMARC1",
                                       .published = wants,
                                       .disposition = wants};
  facts.arc = mailauth::ArcOutcome{};
  return facts;
}

What judged(DmarcResult result, DmarcPolicy wants, Authentication mode = Authentication::enforce) {
  return judge_sender(found(result, wants), mode, {}).what;
}

mailauth::ArcOutcome chain(std::vector<std::string> sealers, std::string_view first_found) {
  mailauth::ArcOutcome arc{.result = mailauth::ArcResult::pass};
  for (std::size_t i = 0; i < sealers.size(); ++i) {
    mailauth::ArcSet set;
    set.instance = static_cast<unsigned>(i + 1);
    set.domain = sealers[i];
    set.results = i == 0 ? std::string(first_found) : "mx." + sealers[i] + "; dmarc=fail";
    arc.sets.push_back(std::move(set));
  }
  return arc;
}

TEST(SenderVerdict, DoesWhatTheDomainWants) {
  EXPECT_EQ(judged(DmarcResult::fail, DmarcPolicy::reject), What::reject);
  EXPECT_EQ(judged(DmarcResult::fail, DmarcPolicy::quarantine), What::quarantine);
  EXPECT_EQ(judged(DmarcResult::fail, DmarcPolicy::none), What::accept);
  EXPECT_EQ(judged(DmarcResult::pass, DmarcPolicy::reject), What::accept);
  EXPECT_EQ(judged(DmarcResult::none, DmarcPolicy::none), What::accept);
}

TEST(SenderVerdict, MonitorOnlyWritesDown) {
  for (const auto result : {DmarcResult::fail, DmarcResult::temperror})
    EXPECT_EQ(judged(result, DmarcPolicy::reject, Authentication::monitor), What::accept);
}

TEST(SenderVerdict, TroubleOfTheDnsIsTemporaryWhereAPolicyMayApply) {
  EXPECT_EQ(judged(DmarcResult::temperror, DmarcPolicy::reject), What::later);
  EXPECT_EQ(judged(DmarcResult::temperror, DmarcPolicy::none), What::accept);
  auto unknown = found(DmarcResult::temperror, DmarcPolicy::none);
  unknown.dmarc->record.clear();
  EXPECT_EQ(judge_sender(std::move(unknown), Authentication::enforce, {}).what, What::later);
}

TEST(SenderVerdict, WhatPeopleSeeAndProgramsCannotReadIsRefused) {
  using mailauth::AuthorTrouble;
  for (const auto trouble :
       {AuthorTrouble::unread, AuthorTrouble::folded, AuthorTrouble::missing,
        AuthorTrouble::several, AuthorTrouble::unclear, AuthorTrouble::hidden,
        AuthorTrouble::no_domain, AuthorTrouble::too_many, AuthorTrouble::nobody}) {
    auto facts = found(DmarcResult::permerror, DmarcPolicy::none);
    facts.dmarc->author_trouble = trouble;
    facts.dmarc->why = to_string(trouble);
    facts.arc = chain({"lists.test"}, "mx.lists.test; dmarc=pass");
    facts.sender = "a@b.test";
    const auto verdict = judge_sender(facts, Authentication::enforce, {.sealers = {"lists.test"}});
    EXPECT_EQ(verdict.what, What::reject) << to_string(trouble);
    EXPECT_NE(verdict.reply.find(to_string(trouble)), verdict.reply.npos) << verdict.reply;
    EXPECT_NE(verdict.why.find(to_string(trouble)), verdict.why.npos) << verdict.why;
    EXPECT_EQ(judge_sender(facts, Authentication::monitor, {}).what, What::accept);
    facts.sender.clear();
    EXPECT_EQ(judge_sender(facts, Authentication::enforce, {}).what,
              trouble == AuthorTrouble::nobody ? What::accept : What::reject);
  }
}

TEST(SenderVerdict, ATrustedChainOverrides) {
  const std::vector<std::string> trusted{"lists.test", "relay.test"};
  const std::string_view passed = "mx.lists.test; dmarc=pass header.from=a.test";
  EXPECT_EQ(vouching_sealer(chain({"lists.test", "relay.test"}, passed), trusted), "lists.test");
  EXPECT_EQ(vouching_sealer(chain({"lists.test", "other.test"}, passed), trusted), "");
  EXPECT_EQ(vouching_sealer(chain({"lists.test"}, "mx.lists.test; dmarc=fail"), trusted), "");
  auto broken = chain({"lists.test"}, passed);
  broken.result = mailauth::ArcResult::fail;
  EXPECT_EQ(vouching_sealer(broken, trusted), "");

  auto facts = found(DmarcResult::fail, DmarcPolicy::reject);
  facts.arc = chain({"lists.test"}, passed);
  const SenderVerdict verdict =
      judge_sender(std::move(facts), Authentication::enforce, {.sealers = trusted});
  EXPECT_EQ(verdict.what, What::accept);
  EXPECT_NE(verdict.why.find("lists.test, a trusted sealer"), verdict.why.npos) << verdict.why;
}

TEST(SenderVerdict, ATrustedChainThatTheDnsKeepsFromBeingJudgedIsWaitedFor) {
  const auto verdict_of = [](std::string sealer, std::string_view said, DmarcPolicy wants) {
    auto facts = found(DmarcResult::fail, wants);
    facts.arc = chain({std::move(sealer)}, said);
    facts.arc->result = mailauth::ArcResult::temperror;
    return judge_sender(std::move(facts), Authentication::enforce, {.sealers = {"lists.test"}});
  };
  constexpr std::string_view kPassed = "mx.lists.test; dmarc=pass";
  const auto waits = verdict_of("lists.test", kPassed, DmarcPolicy::reject);
  EXPECT_EQ(waits.what, What::later);
  EXPECT_NE(waits.reply.find("lists.test"), waits.reply.npos) << waits.reply;
  EXPECT_EQ(verdict_of("other.test", kPassed, DmarcPolicy::reject).what, What::reject);
  EXPECT_EQ(verdict_of("lists.test", "mx.lists.test; dmarc=fail", DmarcPolicy::reject).what,
            What::reject);
  EXPECT_EQ(verdict_of("lists.test", kPassed, DmarcPolicy::none).what, What::accept);
}

TEST(SenderVerdict, ASealOverPartOfTheBodyVouchesForNothing) {
  const std::vector<std::string> trusted{"lists.test"};
  auto arc = chain({"lists.test"}, "mx.lists.test; dmarc=pass");
  EXPECT_EQ(vouching_sealer(arc, trusted), "lists.test");
  arc.sets.back().message.unsigned_octets = 1;
  EXPECT_EQ(vouching_sealer(arc, trusted), "");
}

TEST(SenderVerdict, WritesDownWhatWasDone) {
  const auto done = [](Authentication mode, const Trusted& trusted) {
    auto facts = found(DmarcResult::fail, DmarcPolicy::reject);
    facts.arc = chain({"lists.test"}, "mx.lists.test; dmarc=pass");
    return judge_sender(std::move(facts), mode, trusted).facts.dmarc->disposition;
  };
  EXPECT_EQ(done(Authentication::enforce, {}), DmarcPolicy::reject);
  EXPECT_EQ(done(Authentication::enforce, {.sealers = {"lists.test"}}), DmarcPolicy::none);
  EXPECT_EQ(done(Authentication::monitor, {}), DmarcPolicy::none);
}

TEST(SenderVerdict, ATrustedListOverridesWhereItIsProvedToBeIt) {
  const Trusted trusted{.lists = {"lists.test"}};
  const auto judge = [&](DmarcResult result, std::string_view signer,
                         mailauth::DkimResult signature, std::string_view spf_domain,
                         mailauth::SpfResult spf) {
    auto facts = found(result, DmarcPolicy::reject);
    facts.dmarc->record_domain = "a.test";
    facts.dmarc->report_uris = {"mailto:r@a.test"};
    facts.sender = "bounces@lists.test";
    mailauth::DkimOutcome outcome;
    outcome.result = signature;
    outcome.domain = signer;
    facts.dkim = std::vector{outcome};
    facts.spf = mailauth::SpfOutcome{.result = spf, .domain = std::string(spf_domain)};
    return judge_sender(std::move(facts), Authentication::enforce, trusted);
  };
  using enum mailauth::DkimResult;
  using mailauth::SpfResult;
  const auto by_signature = judge(DmarcResult::fail, "Lists.test", pass, "", SpfResult::none);
  EXPECT_EQ(by_signature.what, What::accept);
  EXPECT_NE(by_signature.why.find("lists.test, a trusted list"), std::string::npos);
  ASSERT_TRUE(by_signature.finding);
  EXPECT_EQ(by_signature.finding->row.reasons.at(0).type, "mailing_list");
  EXPECT_EQ(judge(DmarcResult::fail, "x.test", pass, "b.lists.test", SpfResult::pass).what,
            What::accept);
  EXPECT_EQ(judge(DmarcResult::temperror, "lists.test", pass, "", SpfResult::none).what,
            What::accept);
  auto shortened = found(DmarcResult::fail, DmarcPolicy::reject);
  shortened.dkim = std::vector<mailauth::DkimOutcome>(1);
  shortened.dkim->front().result = pass;
  shortened.dkim->front().domain = "lists.test";
  EXPECT_EQ(judge_sender(shortened, Authentication::enforce, trusted).what, What::accept);
  shortened.dkim->front().unsigned_octets = 1;
  EXPECT_EQ(judge_sender(shortened, Authentication::enforce, trusted).what, What::reject);
  // Nothing proves it, it is another's, or From cannot be read.
  EXPECT_EQ(judge(DmarcResult::fail, "lists.test", fail, "lists.test", SpfResult::softfail).what,
            What::reject);
  EXPECT_EQ(judge(DmarcResult::fail, "evillists.test", pass, "test", SpfResult::pass).what,
            What::reject);
  EXPECT_EQ(judge(DmarcResult::permerror, "lists.test", pass, "", SpfResult::none).what,
            What::reject);
}

TEST(SenderVerdict, SaysWhatTheDomainIsToBeTold) {
  const auto told = [](DmarcResult result, Authentication mode, bool sealed, bool is_report) {
    auto facts = found(result, DmarcPolicy::reject);
    facts.dmarc->record_domain = "a.test";
    facts.dmarc->report_uris = {"mailto:r@a.test"};
    if (sealed) {
      facts.arc = chain({"lists.test"}, "mx.lists.test; dmarc=pass header.from=a.test");
      facts.arc->sets[0].selector = "s1";
    }
    const auto verdict =
        judge_sender(std::move(facts), mode, {.sealers = {"lists.test"}}, is_report);
    if (!verdict.finding) return std::string("nothing");
    std::string out = verdict.finding->row.disposition;
    for (const auto& reason : verdict.finding->row.reasons)
      out += "; " + reason.type + ": " + reason.comment;
    return out;
  };
  using enum Authentication;
  EXPECT_EQ(told(DmarcResult::fail, enforce, false, false), "reject");
  EXPECT_EQ(told(DmarcResult::pass, enforce, false, false), "none");
  EXPECT_EQ(told(DmarcResult::fail, monitor, false, false),
            "none; local_policy: policies are not applied here");
  EXPECT_EQ(told(DmarcResult::fail, enforce, true, false),
            "none; local_policy: arc=pass as[1].d=lists.test as[1].s=s1");
  EXPECT_EQ(told(DmarcResult::temperror, enforce, false, false), "nothing");
  // A report that passes is not reported about; whoever forges one is.
  EXPECT_EQ(told(DmarcResult::pass, enforce, false, true), "nothing");
  EXPECT_EQ(told(DmarcResult::fail, enforce, false, true), "reject");
}

}  // namespace
}  // namespace ph::policy
