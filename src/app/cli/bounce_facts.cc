#include "app/cli/bounce_facts.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/cli.h"
#include "app/cli/output.h"
#include "app/daemon/facts.h"

namespace ph::cli {
namespace {

namespace json = boost::json;

json::array array_of(const std::vector<std::string>& values) {
  json::array out;
  for (const auto& each : values) out.emplace_back(each);
  return out;
}

json::value time_of(const std::optional<Wall>& at) {
  if (!at) return nullptr;
  return json::string(daemon::format_utc(*at));
}

json::object facts(const message::ReportRecipient& one) {
  return {{"final", one.final},
          {"original", one.original},
          {"action", message::to_string(one.action)},
          {"status", one.status},
          {"status_derived", one.status_derived},
          {"reply_code", one.reply_code},
          {"reply", one.reply},
          {"remote_mta", one.remote_mta},
          {"reason", message::to_string(one.reason)},
          {"hard", one.hard}};
}

json::object facts(const message::ReportDisposition& one) {
  return {{"final", one.final},
          {"original", one.original},
          {"action_mode", one.action_mode},
          {"sending_mode", one.sending_mode},
          {"type", one.type},
          {"modifiers", array_of(one.modifiers)},
          {"original_message_id", one.original_message_id},
          {"reporting_ua", one.reporting_ua},
          {"errors", array_of(one.errors)},
          {"failures", array_of(one.failures)},
          {"warnings", array_of(one.warnings)}};
}

json::object facts(const message::ReportFeedback& one) {
  return {{"type", one.type},
          {"user_agent", one.user_agent},
          {"version", one.version},
          {"source_ip", one.source_ip},
          {"original_mail_from", one.original_mail_from},
          {"original_rcpt_to", array_of(one.original_rcpt_to)},
          {"arrival", time_of(one.arrival)},
          {"incidents", one.incidents},
          {"reported_domains", array_of(one.reported_domains)},
          {"reported_uris", array_of(one.reported_uris)},
          {"authentication_results", array_of(one.authentication_results)},
          {"reporting_mta", one.reporting_mta},
          {"original_envelope_id", one.original_envelope_id},
          {"auth_failure", one.auth_failure},
          {"dkim_domain", one.dkim_domain},
          {"dkim_identity", one.dkim_identity},
          {"dkim_selector", one.dkim_selector},
          {"delivery_result", one.delivery_result}};
}

void line(const char* name, const std::string& value) {
  if (!value.empty()) fmt::print("{:<12}{}\n", name, printable(value));
}

}  // namespace

json::object bounce_facts(const message::Report& report) {
  json::array recipients, findings;
  for (const auto& each : report.recipients) recipients.push_back(facts(each));
  for (const auto& each : report.findings)
    findings.push_back({{"id", message::to_string(each.what)}, {"detail", each.detail}});
  json::object out{{"kind", message::to_string(report.kind)},
                   {"recipients", std::move(recipients)},
                   {"reporting_mta", report.reporting_mta},
                   {"envelope_id", report.envelope_id}};
  out["arrival"] = time_of(report.arrival);
  if (report.kind == message::ReportKind::disposition)
    out["disposition"] = facts(report.disposition);
  if (report.kind == message::ReportKind::feedback) out["feedback"] = facts(report.feedback);
  out["original"] = json::object{
      {"found", report.original.found},         {"message_id", report.original.message_id},
      {"subject", report.original.subject},     {"sender", report.original.sender},
      {"recipient", report.original.recipient}, {"date", report.original.date}};
  out["findings"] = std::move(findings);
  return out;
}

int print_bounce(const message::Report& report) {
  if (report.kind == message::ReportKind::none) {
    fmt::print("no report of another message\n");
    return kFoundWrong;
  }
  line("Report:", std::string(message::to_string(report.kind)));
  line("By:", report.reporting_mta);
  for (const auto& one : report.recipients) {
    fmt::print("\n{}  {}, {}{}\n", one.final.empty() ? "(unknown)" : printable(one.final),
               message::to_string(one.action), message::to_string(one.reason),
               one.hard ? ", hard: do not write there again" : "");
    line("  Status:", one.status + (one.status_derived ? " (derived: none was given)" : ""));
    line("  Server:", one.remote_mta);
    line("  Said:", one.reply);
  }
  if (report.kind == message::ReportKind::disposition) {
    line("Recipient:", report.disposition.final);
    line("What:", report.disposition.type);
  }
  if (report.kind == message::ReportKind::feedback) {
    line("What:", report.feedback.type);
    line("Client:", report.feedback.source_ip);
  }
  fmt::print("\n");
  line("Message:", report.original.message_id);
  line("Subject:", report.original.subject);
  line("From:", report.original.sender);
  for (const auto& each : report.findings)
    fmt::print("not clear: {} {}\n", message::to_string(each.what), printable(each.detail));
  return kFine;
}

}  // namespace ph::cli
