#include "app/cli/auth_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>

#include "app/cli/cli.h"
#include "app/cli/output.h"
#include "app/daemon/facts.h"
#include "mailauth/dmarc_summary.h"

namespace ph::cli {
namespace {

namespace json = boost::json;
using mailauth::DmarcReport;

json::string text(std::string_view value) { return json::string(daemon::utf8_only(value)); }

json::array texts(const std::vector<std::string>& values) {
  json::array out;
  for (const auto& each : values) out.emplace_back(text(each));
  return out;
}

json::object facts(const DmarcReport::Row& row) {
  json::array reasons, dkim, spf;
  for (const auto& each : row.reasons)
    reasons.push_back(json::object{{"type", text(each.type)}, {"comment", text(each.comment)}});
  for (const auto& each : row.dkim_results) {
    dkim.push_back(json::object{{"domain", text(each.domain)},
                                {"selector", text(each.selector)},
                                {"result", text(each.result)},
                                {"human_result", text(each.human_result)}});
  }
  for (const auto& each : row.spf_results) {
    spf.push_back(json::object{{"domain", text(each.domain)},
                               {"scope", text(each.scope)},
                               {"result", text(each.result)},
                               {"human_result", text(each.human_result)}});
  }
  return {{"source_ip", text(row.source_ip)},
          {"count", row.count},
          {"disposition", text(row.disposition)},
          {"dkim", text(row.dkim)},
          {"spf", text(row.spf)},
          {"reasons", std::move(reasons)},
          {"header_from", text(row.header_from)},
          {"envelope_from", text(row.envelope_from)},
          {"envelope_to", text(row.envelope_to)},
          {"dkim_results", std::move(dkim)},
          {"spf_results", std::move(spf)}};
}

json::object facts(const mailauth::DmarcSource& source) {
  return {{"ip", text(source.ip)},
          {"messages", source.messages},
          {"aligned", source.aligned},
          {"dkim_aligned", source.dkim_aligned},
          {"spf_aligned", source.spf_aligned},
          {"quarantined", source.quarantined},
          {"rejected", source.rejected},
          {"header_from", texts(source.header_from)},
          {"vouched_by", texts(source.vouched_by)},
          {"reasons", texts(source.reasons)},
          {"why", text(source.why)},
          {"fix", text(source.fix)}};
}

json::object facts(const DmarcReport::Policy& policy) {
  return {{"domain", text(policy.domain)},   {"adkim", text(policy.adkim)},
          {"aspf", text(policy.aspf)},       {"p", text(policy.p)},
          {"sp", text(policy.sp)},           {"np", text(policy.np)},
          {"pct", text(policy.pct)},         {"fo", text(policy.fo)},
          {"testing", text(policy.testing)}, {"discovery_method", text(policy.discovery_method)}};
}

std::string text_in(const json::object& object, std::string_view member) {
  return printable(std::string_view(object.at(member).as_string()));
}

std::uint64_t number_in(const json::object& object, std::string_view member) {
  return object.at(member).to_number<std::uint64_t>();
}

std::string listed_texts(const json::value& list) {
  std::string out;
  for (const auto& each : list.as_array())
    out += (out.empty() ? "" : ", ") + printable(std::string_view(each.as_string()));
  return out;
}

std::string utc(std::uint64_t seconds) {
  if (seconds > 253402300799) return fmt::to_string(seconds);  // beyond the year 9999
  const std::chrono::sys_seconds at{
      std::chrono::seconds(static_cast<std::chrono::seconds::rep>(seconds))};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count());
}

std::string source_text(const json::object& source) {
  std::string done;
  if (number_in(source, "quarantined") > 0)
    done += fmt::format(", {} put apart", number_in(source, "quarantined"));
  if (number_in(source, "rejected") > 0)
    done += fmt::format(", {} rejected", number_in(source, "rejected"));
  std::string out =
      fmt::format("{}: {} messages, {} pass (DKIM {}, SPF {}){}\n", text_in(source, "ip"),
                  number_in(source, "messages"), number_in(source, "aligned"),
                  number_in(source, "dkim_aligned"), number_in(source, "spf_aligned"), done);
  const auto line = [&out](std::string_view name, std::string_view value) {
    if (!value.empty()) out += fmt::format("  {:<8}{}\n", name, value);
  };
  line("from:", listed_texts(source.at("header_from")));
  line("why:", text_in(source, "why"));
  line("spared:", listed_texts(source.at("reasons")));
  line("do:", text_in(source, "fix"));
  return out;
}

}  // namespace

Result<json::object> report_facts(std::string_view octets) {
  PH_TRY(const mailauth::DmarcReportRead read, mailauth::read_dmarc_report(octets));
  const DmarcReport& report = read.report;
  const mailauth::DmarcSummary summary = mailauth::summarise(report);
  json::array rows, sources;
  for (const auto& each : report.rows) rows.push_back(facts(each));
  for (const auto& each : summary.sources) sources.push_back(facts(each));
  const bool fine = summary.aligned == summary.messages && read.problems.empty();
  return json::object{{"org_name", text(report.org_name)},
                      {"email", text(report.email)},
                      {"extra_contact_info", text(report.extra_contact_info)},
                      {"report_id", text(report.report_id)},
                      {"generator", text(report.generator)},
                      {"version", text(report.version)},
                      {"file_name", text(read.file_name)},
                      {"begin", report.begin},
                      {"end", report.end},
                      {"policy", facts(report.policy)},
                      {"errors", texts(report.errors)},
                      {"problems", texts(read.problems)},
                      {"messages", summary.messages},
                      {"aligned", summary.aligned},
                      {"quarantined", summary.quarantined},
                      {"rejected", summary.rejected},
                      {"sources", std::move(sources)},
                      {"rows", std::move(rows)},
                      {"code", fine ? kFine : kFoundWrong}};
}

std::string report_text(const json::object& facts) {
  const auto& policy = facts.at("policy").as_object();
  std::string out = fmt::format("mail in the name of {}, as {} saw it from {} to {} (UTC)\n",
                                text_in(policy, "domain"), text_in(facts, "org_name"),
                                utc(number_in(facts, "begin")), utc(number_in(facts, "end")));
  out +=
      fmt::format("{} messages, {} pass DMARC; the policy was p={}; {} put apart, {} rejected\n",
                  number_in(facts, "messages"), number_in(facts, "aligned"), text_in(policy, "p"),
                  number_in(facts, "quarantined"), number_in(facts, "rejected"));
  for (const auto& each : facts.at("errors").as_array())
    out += fmt::format("they say: {}\n", printable(std::string_view(each.as_string())));
  for (const auto& each : facts.at("problems").as_array())
    out += fmt::format("wrong in the report: {}\n", printable(std::string_view(each.as_string())));
  const auto& sources = facts.at("sources").as_array();
  for (std::size_t i = 0; i < std::min(sources.size(), kReportSourcesShown); ++i)
    out += "\n" + source_text(sources[i].as_object());
  if (sources.size() > kReportSourcesShown)
    out += fmt::format("\nand {} further sources: --json has them\n",
                       sources.size() - kReportSourcesShown);
  return out;
}

}  // namespace ph::cli
