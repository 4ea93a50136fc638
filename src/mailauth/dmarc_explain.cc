#include "mailauth/dmarc_explain.h"

#include <fmt/format.h>

namespace ph::mailauth {

void explain_judged(DmarcOutcome& outcome) {
  const auto passed = [](const DmarcAligned& one, std::string_view what) {
    return one.domain.empty() ? fmt::format("no {} passes", what)
                              : fmt::format("{} passes for {}", what, one.domain);
  };
  if (outcome.result == DmarcResult::pass) {
    outcome.why = fmt::format("{} vouches for {}", outcome.dkim.aligned ? "DKIM" : "SPF",
                              outcome.author_domain);
    return;
  }
  outcome.why =
      fmt::format("nothing vouches for {} in From: {}, {}; its policy is {} ({}=)",
                  outcome.author_domain, passed(outcome.dkim, "DKIM signature"),
                  passed(outcome.spf, "SPF"), to_string(outcome.published), outcome.published_by);
  outcome.fix = fmt::format(
      "sign with DKIM as d={}{}, or send with an envelope sender in that domain that SPF allows",
      outcome.author_domain, outcome.strict_dkim ? "" : " (or its organizational domain)");
}

void explain_unusable(DmarcOutcome& outcome, std::string_view domain, const std::string& wrong) {
  outcome.why = wrong;
  outcome.fix = fmt::format(
      "have one TXT record at _dmarc.{}, such as \"v=DMARC1; p=none; rua=mailto:…\"", domain);
}

void explain_missing(DmarcOutcome& outcome) {
  const auto& at =
      outcome.organizational_domain.empty() ? outcome.author_domain : outcome.organizational_domain;
  outcome.why = fmt::format("{} has no DMARC record", outcome.author_domain);
  outcome.fix =
      fmt::format("publish at _dmarc.{} a TXT record: \"v=DMARC1; p=none; rua=mailto:…\"", at);
}

}  // namespace ph::mailauth
