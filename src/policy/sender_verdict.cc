#include "policy/sender_verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "message/auth_fields.h"

namespace ph::policy {
namespace {

using mailauth::DmarcPolicy;
using mailauth::DmarcResult;
using What = SenderVerdict::What;

/// "spf=fail (…); dkim=pass (example.test); dmarc=fail": one line for events.
std::string summary(const mailauth::AuthenticationFacts& facts) {
  std::string out;
  const auto add = [&out](std::string_view method, std::string_view result,
                          std::string_view about) {
    if (!out.empty()) out += "; ";
    out += fmt::format("{}={}", method, result);
    if (!about.empty()) out += fmt::format(" ({})", about);
  };
  if (facts.iprev) add("iprev", to_string(facts.iprev->result), facts.iprev->name);
  if (facts.spf) add("spf", to_string(facts.spf->result), facts.spf->why);
  if (facts.spf_helo) add("spf of helo", to_string(facts.spf_helo->result), facts.spf_helo->why);
  if (facts.dkim) {
    if (facts.dkim->empty()) add("dkim", "none", {});
    for (std::size_t i = 0; i < std::min<std::size_t>(facts.dkim->size(), 3); ++i) {
      const auto& one = (*facts.dkim)[i];
      const bool passed = one.result == mailauth::DkimResult::pass;
      add("dkim", to_string(one.result), passed ? one.domain : one.why);
    }
  }
  if (facts.arc && facts.arc->result != mailauth::ArcResult::none)
    add("arc", to_string(facts.arc->result), facts.arc->why);
  if (facts.dmarc) add("dmarc", to_string(facts.dmarc->result), facts.dmarc->why);
  return out;
}

/// Texts of strangers on the wire: printable ASCII alone.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) out += c >= ' ' && c <= '~' ? c : '?';
  return out;
}

/// The policy is known and wants nothing, or there is none.
bool nothing_to_enforce(const mailauth::DmarcOutcome& dmarc) {
  return !dmarc.record.empty() && dmarc.published == DmarcPolicy::none;
}

void turn_away(SenderVerdict& verdict) {
  const mailauth::DmarcOutcome& dmarc = *verdict.facts.dmarc;
  switch (dmarc.result) {
    case DmarcResult::none:
    case DmarcResult::pass: return;
    case DmarcResult::fail:
      if (dmarc.disposition == DmarcPolicy::none) return;
      verdict.what = dmarc.disposition == DmarcPolicy::reject ? What::reject : What::quarantine;
      verdict.reply = printable(fmt::format(
          "Nothing proves that the message is from {}, whose DMARC policy is to reject it: {}",
          dmarc.author_domain, dmarc.fix));
      return;
    case DmarcResult::temperror:
      if (nothing_to_enforce(dmarc)) return;
      verdict.what = What::later;
      verdict.reply =
          printable(fmt::format("The DNS does not say now who may send mail of {}; try again later",
                                dmarc.author_domain));
      return;
    case DmarcResult::permerror:
      // Old servers write reports as from "MAILER-DAEMON"; a bounce must not be lost for that.
      if (dmarc.author_trouble == mailauth::AuthorTrouble::nobody && verdict.facts.sender.empty())
        return;
      verdict.what = What::reject;
      verdict.reply = printable(
          fmt::format("It is not clear from whom the message is, as {}; {}", dmarc.why, dmarc.fix));
      return;
  }
}

}  // namespace

namespace {

/// Who vouches if the chain holds.
std::string sealer_if_it_holds(const mailauth::ArcOutcome& arc,
                               const std::vector<std::string>& trusted_sealers) {
  const auto trusted = [&](const mailauth::ArcSet& set) {
    return std::ranges::any_of(
        trusted_sealers, [&](const std::string& domain) { return same_ascii(domain, set.domain); });
  };
  if (!std::ranges::all_of(arc.sets, trusted)) return {};
  for (const mailauth::ArcSet& set : arc.sets) {
    const message::AuthResults found = message::parse_auth_results(set.results);
    for (const message::AuthMethod& method : found.methods)
      if (method.method == "dmarc" && method.result == "pass") return set.domain;
  }
  return {};
}

}  // namespace

std::string vouching_sealer(const mailauth::ArcOutcome& arc,
                            const std::vector<std::string>& trusted_sealers) {
  if (arc.result != mailauth::ArcResult::pass || arc.sets.empty()) return {};
  // With l= anybody could put another body behind what was sealed.
  if (arc.sets.back().message.unsigned_octets > 0) return {};
  return sealer_if_it_holds(arc, trusted_sealers);
}

std::string vouching_list(const mailauth::AuthenticationFacts& facts,
                          const std::vector<std::string>& trusted_lists) {
  const auto list_of = [&](std::string_view domain) -> std::string {
    for (const std::string& list : trusted_lists)
      if (same_ascii(domain, list) ||
          (domain.size() > list.size() && domain[domain.size() - list.size() - 1] == '.' &&
           same_ascii(domain.substr(domain.size() - list.size()), list)))
        return list;
    return {};
  };
  if (facts.dkim) {
    for (const mailauth::DkimOutcome& signature : *facts.dkim)
      // With l= anybody could put another body behind what the list signed.
      if (signature.result == mailauth::DkimResult::pass && signature.unsigned_octets == 0)
        if (auto list = list_of(signature.domain); !list.empty()) return list;
  }
  const bool sent = facts.spf && facts.spf->result == mailauth::SpfResult::pass;
  return sent ? list_of(facts.spf->domain) : std::string();
}

namespace {

using Reason = mailauth::DmarcReport::Reason;

/// Whose word stood against what DMARC wants; both "": nobody's.
struct Vouched {
  std::string sealer, list;
};

/// As RFC 8617 §7.2.2 has it told.
std::string arc_comment(const mailauth::ArcOutcome& arc) {
  std::string out = "arc=pass";
  for (auto set = arc.sets.rbegin(); set != arc.sets.rend(); ++set)
    out += fmt::format(" as[{0}].d={1} as[{0}].s={2}", set->instance, set->domain, set->selector);
  return out.substr(0, kReportCommentOctetsMax);
}

std::optional<mailauth::DmarcFinding> finding_of(const SenderVerdict& verdict, Authentication mode,
                                                 const Vouched& vouched) {
  const auto& facts = verdict.facts;
  if (!facts.dmarc || verdict.what == What::later) return std::nullopt;
  const DmarcPolicy done = verdict.what == What::reject       ? DmarcPolicy::reject
                           : verdict.what == What::quarantine ? DmarcPolicy::quarantine
                                                              : DmarcPolicy::none;
  std::vector<Reason> reasons;
  const bool spared = facts.dmarc->result == DmarcResult::fail && facts.dmarc->disposition != done;
  if (spared && !vouched.sealer.empty()) {
    reasons.push_back({"local_policy", arc_comment(*facts.arc)});
  } else if (spared && !vouched.list.empty()) {
    reasons.push_back({"mailing_list", vouched.list});
  } else if (spared && mode == Authentication::monitor) {
    reasons.push_back({"local_policy", "policies are not applied here"});
  }
  return mailauth::dmarc_finding(facts, done, std::move(reasons));
}

/// A seal that may be good is not to be taken for none because the DNS does not answer.
void wait_for_seal(SenderVerdict& verdict, const Trusted& trusted) {
  const auto& arc = verdict.facts.arc;
  if (!arc || arc->result != mailauth::ArcResult::temperror) return;
  const std::string sealer = sealer_if_it_holds(*arc, trusted.sealers);
  if (sealer.empty()) return;
  verdict.what = What::later;
  verdict.reply = printable(fmt::format(
      "The DNS does not say now whether the seal of {} holds; try again later", sealer));
}

/// What DMARC wants, unless somebody who is trusted vouches for the message.
Vouched weigh(SenderVerdict& verdict, const Trusted& trusted) {
  turn_away(verdict);
  if (verdict.what == What::accept || verdict.facts.dmarc->result == DmarcResult::permerror)
    return {};
  Vouched by;
  if (verdict.facts.arc) by.sealer = vouching_sealer(*verdict.facts.arc, trusted.sealers);
  if (by.sealer.empty()) by.list = vouching_list(verdict.facts, trusted.lists);
  if (by.sealer.empty() && by.list.empty()) {
    wait_for_seal(verdict, trusted);
    return {};
  }
  verdict.what = What::accept;
  verdict.reply.clear();
  verdict.why +=
      by.sealer.empty()
          ? fmt::format("; taken all the same: it comes from {}, a trusted list", by.list)
          : fmt::format("; taken all the same: {}, a trusted sealer, found that it passes",
                        by.sealer);
  return by;
}

}  // namespace

SenderVerdict judge_sender(mailauth::AuthenticationFacts facts, Authentication mode,
                           const Trusted& trusted, bool is_report) {
  SenderVerdict verdict{.facts = std::move(facts)};
  verdict.why = summary(verdict.facts);
  if (!verdict.facts.dmarc) return verdict;
  Vouched vouched;
  if (mode == Authentication::enforce) vouched = weigh(verdict, trusted);
  const bool passing_report = is_report && verdict.facts.dmarc->result == DmarcResult::pass;
  if (!passing_report) verdict.finding = finding_of(verdict, mode, vouched);
  // What is written down is what was done.
  if (verdict.what == What::accept) verdict.facts.dmarc->disposition = DmarcPolicy::none;
  return verdict;
}

}  // namespace ph::policy
