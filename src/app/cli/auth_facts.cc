#include "app/cli/auth_facts.h"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>

#include "app/cli/cli.h"
#include "app/daemon/facts.h"

namespace ph::cli {
namespace {

namespace json = boost::json;
using mailauth::DkimOutcome;
using mailauth::DkimResult;

/// Texts of strangers, as JSON can hold them.
json::string text(std::string_view value) { return json::string(daemon::utf8_only(value)); }

json::array texts(const std::vector<std::string>& values) {
  json::array out;
  for (const auto& each : values) out.emplace_back(text(each));
  return out;
}

json::value number(const std::optional<std::uint64_t>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

/// What a command exits with: DNS trouble is no verdict.
int code_of(bool temporary, bool wrong) {
  return temporary ? kCouldNotRun : wrong ? kFoundWrong : kFine;
}

json::object facts(const mailauth::DmarcAligned& one) {
  return {{"domain", text(one.domain)},
          {"organizational_domain", text(one.organizational)},
          {"aligned", one.aligned}};
}

/// The signature that stands for all: one that passes, else one that says most.
const DkimOutcome* foremost(const std::vector<DkimOutcome>& outcomes) {
  for (const auto wanted : {DkimResult::pass, DkimResult::temperror, DkimResult::fail,
                            DkimResult::policy, DkimResult::permerror, DkimResult::neutral}) {
    const auto found = std::ranges::find(outcomes, wanted, &DkimOutcome::result);
    if (found != outcomes.end()) return &*found;
  }
  return nullptr;
}

}  // namespace

json::object facts(const mailauth::SpfOutcome& outcome) {
  using enum mailauth::SpfResult;
  json::array path;
  for (const auto& step : outcome.path) {
    path.push_back(json::object{{"depth", step.depth},
                                {"domain", text(step.domain)},
                                {"term", text(step.term)},
                                {"found", text(step.found)},
                                {"matched", step.matched}});
  }
  const bool wrong =
      outcome.result == fail || outcome.result == softfail || outcome.result == permerror;
  return {{"result", mailauth::to_string(outcome.result)},
          {"identity", outcome.helo_identity ? "helo" : "mailfrom"},
          {"domain", text(outcome.domain)},
          {"mechanism", text(outcome.mechanism)},
          {"explanation", text(outcome.explanation)},
          {"why", text(outcome.why)},
          {"fix", text(outcome.fix)},
          {"path", std::move(path)},
          {"terms", outcome.terms},
          {"void_lookups", outcome.void_lookups},
          {"code", code_of(outcome.result == temperror, wrong)}};
}

json::object facts(const DkimOutcome& outcome) {
  return {{"result", mailauth::to_string(outcome.result)},
          {"reason", mailauth::to_string(outcome.reason)},
          {"domain", text(outcome.domain)},
          {"selector", text(outcome.selector)},
          {"identity", text(outcome.identity)},
          {"algorithm", text(outcome.algorithm)},
          {"header_form", mailauth::to_string(outcome.header_form)},
          {"body_form", mailauth::to_string(outcome.body_form)},
          {"key_bits", outcome.key_bits},
          {"testing", outcome.testing},
          {"fields", texts(outcome.fields)},
          {"body_octets", number(outcome.body_octets)},
          {"unsigned_octets", outcome.unsigned_octets},
          {"signed_at", number(outcome.signed_at)},
          {"expires", number(outcome.expires)},
          {"why", text(outcome.why)},
          {"fix", text(outcome.fix)}};
}

json::object facts(const std::vector<DkimOutcome>& outcomes) {
  json::array signatures;
  for (const auto& each : outcomes) signatures.push_back(facts(each));
  const DkimOutcome* best = foremost(outcomes);
  const auto result = best == nullptr ? DkimResult::none : best->result;
  const bool right = result == DkimResult::none || result == DkimResult::pass;
  return {{"result", mailauth::to_string(result)},
          {"signatures", std::move(signatures)},
          {"why", best == nullptr ? json::string("the message is not signed") : text(best->why)},
          {"fix", best == nullptr ? json::string() : text(best->fix)},
          {"code", code_of(result == DkimResult::temperror, !right)}};
}

json::object facts(const mailauth::DmarcOutcome& outcome) {
  using enum mailauth::DmarcResult;
  return {{"result", mailauth::to_string(outcome.result)},
          {"author_domain", text(outcome.author_domain)},
          {"organizational_domain", text(outcome.organizational_domain)},
          {"record_domain", text(outcome.record_domain)},
          {"record", text(outcome.record)},
          {"published", mailauth::to_string(outcome.published)},
          {"published_by", outcome.published_by},
          {"disposition", mailauth::to_string(outcome.disposition)},
          {"strict_dkim", outcome.strict_dkim},
          {"strict_spf", outcome.strict_spf},
          {"dkim", facts(outcome.dkim)},
          {"spf", facts(outcome.spf)},
          {"report_uris", texts(outcome.report_uris)},
          {"problems", texts(outcome.problems)},
          {"why", text(outcome.why)},
          {"fix", text(outcome.fix)},
          {"code", code_of(outcome.result == temperror,
                           outcome.result == fail || outcome.result == permerror)}};
}

json::object facts(const mailauth::ArcOutcome& outcome) {
  using enum mailauth::ArcResult;
  json::array sets;
  for (const auto& each : outcome.sets) {
    sets.push_back(json::object{{"instance", each.instance},
                                {"domain", text(each.domain)},
                                {"selector", text(each.selector)},
                                {"results", text(each.results)},
                                {"cv", text(each.cv)},
                                {"sealed_at", number(each.sealed_at)},
                                {"seal", facts(each.seal)},
                                {"message", facts(each.message)}});
  }
  return {{"result", mailauth::to_string(outcome.result)},
          {"failed_instance", outcome.failed_instance},
          {"sets", std::move(sets)},
          {"why", outcome.result == none ? json::string("the message has no ARC sets")
                                         : text(outcome.why)},
          {"fix", text(outcome.fix)},
          {"code", code_of(outcome.result == temperror, outcome.result == fail)}};
}

json::object facts(const mailauth::LintOutcome& outcome) {
  using enum mailauth::LintSeverity;
  json::array records, findings;
  for (const auto& each : outcome.records) {
    records.push_back(
        json::object{{"kind", each.kind}, {"name", text(each.name)}, {"text", text(each.text)}});
  }
  bool is_wrong = false, is_unknown = false;
  for (const auto& each : outcome.findings) {
    is_wrong = is_wrong || each.severity == wrong || each.severity == risk;
    is_unknown = is_unknown || each.severity == unknown;
    findings.push_back(json::object{{"severity", mailauth::to_string(each.severity)},
                                    {"about", each.about},
                                    {"what", text(each.what)},
                                    {"why", text(each.why)},
                                    {"fix", text(each.fix)}});
  }
  return {{"domain", text(outcome.domain)},
          {"records", std::move(records)},
          {"findings", std::move(findings)},
          {"code", code_of(is_unknown && !is_wrong, is_wrong)}};
}

}  // namespace ph::cli
