#include "app/cli/domain_reports.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/cli/administrator.h"
#include "app/cli/output.h"

namespace ph::cli {
namespace {

namespace json = boost::json;

struct Args {
  std::string name;
  bool send = false;
};

json::object request_of(std::string_view command, const Args& args) {
  json::object request{{"command", command}};
  if (!args.name.empty()) request["domain"] = args.name;
  return request;
}

std::string addresses(const json::object& report) {
  std::string out;
  for (const auto& each : report.at("uris").as_array())
    out += (out.empty() ? "" : ", ") + printable(std::string_view(each.as_string()));
  return out;
}

int list(const Common& common, const Args& args) {
  int code = kFine;
  const auto reply = ask(common, request_of("domain.reports", args), code,
                         "'posthouse serve' collects and sends them");
  if (!reply) return code;
  std::vector<std::vector<std::string>> rows{
      {"DOMAIN", "SINCE", "MESSAGES", "ROWS", "STATE", "TO"}};
  for (const auto& each : reply->at("reports").as_array()) {
    const auto& report = each.as_object();
    if (common.json) print_json(report);
    rows.push_back({shown(report, "domain"), local_time(report, "begin"), shown(report, "messages"),
                    shown(report, "rows"),
                    report.at("waits").as_bool() ? "to be sent" : "collected", addresses(report)});
  }
  if (!common.json) print_table(rows);
  return code;
}

/// kFoundWrong when one was not sent.
int send(const Common& common, const Args& args) {
  int code = kFine;
  const auto reply = ask(common, request_of("domain.send_reports", args), code,
                         "docs/operations.md, \"Who really sent it\", says when reports are sent");
  if (!reply) return code;
  const auto& sent = reply->at("sent").as_array();
  if (sent.empty() && !common.json) fmt::print("nothing was collected that a domain wants\n");
  for (const auto& each : sent) {
    const auto& one = each.as_object();
    const bool queued = one.at("outcome") == "queued";
    if (!queued) code = kFoundWrong;
    if (common.json) {
      print_json(one);
    } else if (queued) {
      fmt::print("{}: sent to {} as {}\n", shown(one, "domain"), shown(one, "to"),
                 shown(one, "queue_id"));
    } else {
      fmt::print("{}: {} to {}: {}\n", shown(one, "domain"),
                 one.at("outcome") == "later" ? "not yet sent" : "not sent", shown(one, "to"),
                 shown(one, "why"));
    }
  }
  return code;
}

}  // namespace

void add_domain_reports(Command domain, Common& common) {
  const auto args = std::make_shared<Args>();
  auto reports = domain.add("reports", "DMARC reports that we owe to domains whose mail we got");
  reports.text("NAME", args->name, "of this domain alone: one of others, not of ours");
  reports.flag("--send", args->send, "now, instead of after midnight UTC");
  reports.notes("Exit 1 with --send: one could not be sent.\n");
  reports.on_run(
      common, [&common, args] { return args->send ? send(common, *args) : list(common, *args); });
}

}  // namespace ph::cli
