#include "mailauth/dmarc_finding.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"

namespace ph::mailauth {
namespace {

std::string domain_of(std::string_view address) {
  const auto at = address.rfind('@');
  return at == std::string_view::npos ? std::string() : ascii_lower(address.substr(at + 1));
}

bool wants_reports(const DmarcOutcome& dmarc) {
  return std::ranges::any_of(dmarc.report_uris, [](const std::string& uri) {
    return ascii_lower(uri).starts_with("mailto:");
  });
}

/// Those that pass first: of many signatures they say most. RFC 9990.
std::vector<DmarcReport::Dkim> signatures_of(const std::vector<DkimOutcome>& outcomes) {
  std::vector<DmarcReport::Dkim> out;
  for (const bool passing : {true, false}) {
    for (const DkimOutcome& each : outcomes) {
      if ((each.result == DkimResult::pass) != passing || each.domain.empty()) continue;
      if (out.size() == kDmarcFindingSignaturesMax) return out;
      out.push_back({.domain = each.domain.substr(0, kDmarcFindingNameOctetsMax),
                     .selector = each.selector.substr(0, kDmarcFindingNameOctetsMax),
                     .result = std::string(to_string(each.result))});
    }
  }
  return out;
}

}  // namespace

std::optional<DmarcFinding> dmarc_finding(const AuthenticationFacts& facts, DmarcPolicy done,
                                          std::vector<DmarcReport::Reason> reasons) {
  if (!facts.dmarc) return std::nullopt;
  const DmarcOutcome& dmarc = *facts.dmarc;
  const bool known = dmarc.result == DmarcResult::pass || dmarc.result == DmarcResult::fail;
  if (!known || dmarc.record.empty() || dmarc.record.size() > kDmarcFindingRecordOctetsMax ||
      !wants_reports(dmarc))
    return std::nullopt;
  DmarcFinding finding{.domain = dmarc.record_domain, .record = dmarc.record};
  DmarcReport::Row& row = finding.row;
  row.source_ip = facts.ip;
  row.count = 1;
  row.disposition = to_string(done);
  row.dkim = dmarc.dkim.aligned ? "pass" : "fail";
  row.spf = dmarc.spf.aligned ? "pass" : "fail";
  if (dmarc.result == DmarcResult::fail && dmarc.disposition != dmarc.published) {
    const auto record = parse_dmarc_record(dmarc.record);
    const bool testing = record && record->testing;
    row.reasons.push_back({testing ? "policy_test_mode" : "sampled_out", ""});
  }
  std::ranges::move(reasons, std::back_inserter(row.reasons));
  row.header_from = dmarc.author_domain;
  row.envelope_from = domain_of(facts.sender);
  if (facts.dkim) row.dkim_results = signatures_of(*facts.dkim);
  if (facts.spf) {
    row.spf_results.push_back({.domain = facts.spf->domain,
                               .scope = facts.spf->helo_identity ? "helo" : "mfrom",
                               .result = std::string(to_string(facts.spf->result))});
  }
  return finding;
}

DmarcReport::Policy dmarc_policy_published(const std::string& domain, const std::string& record,
                                           std::vector<std::string>& problems) {
  DmarcReport::Policy policy{.domain = domain};
  const auto read = parse_dmarc_record(record);
  if (!read) {
    problems.emplace_back(read.error().what);
    policy.p = to_string(DmarcPolicy::none);
    return policy;
  }
  policy.adkim = read->strict_dkim ? "s" : "r";
  policy.aspf = read->strict_spf ? "s" : "r";
  policy.p = to_string(read->policy);
  policy.sp = to_string(read->subdomain.value_or(read->policy));
  if (read->non_existent) policy.np = to_string(*read->non_existent);
  policy.pct = fmt::to_string(read->percent);
  policy.fo = read->failure_options;
  if (read->testing) policy.testing = "y";
  std::ranges::copy(read->problems, std::back_inserter(problems));
  return policy;
}

}  // namespace ph::mailauth
