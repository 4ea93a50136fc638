// What Amazon SES tells over SNS, as mail: JSON in a text part, often inside a string of JSON.
// Not a JSON reader: what such a notification has is found by its names.
#include <algorithm>
#include <cstddef>
#include <string>

#include "base/ascii.h"
#include "message/report_parts.h"

namespace ph::message {
namespace {

/// One level of JSON escapes undone; \u is left alone.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size() || text[i + 1] == 'u') {
      out += text[i];
      continue;
    }
    ++i;
    out += text[i] == 'n' || text[i] == 'r' || text[i] == 't' ? ' ' : text[i];
  }
  return out;
}

/// The string behind the first `"name":` of `text`, and what follows it.
struct Found {
  std::string value;
  std::string_view rest;
  bool found = false;
};

Found string_of(std::string_view text, std::string_view name) {
  const std::string quoted = "\"" + std::string(name) + "\"";
  const std::size_t at = text.find(quoted);
  if (at == text.npos) return {};
  std::string_view rest = text.substr(at + quoted.size());
  const std::size_t begin = rest.find_first_not_of(" \t\r\n:");
  if (begin == rest.npos || rest[begin] != '"') return {"", rest, true};
  rest.remove_prefix(begin + 1);
  std::size_t end = 0;
  while (end < rest.size() && rest[end] != '"') end += rest[end] == '\\' ? 2 : 1;
  end = std::min(end, rest.size());
  return {unescaped(rest.substr(0, end)), rest.substr(end), true};
}

/// What lies between "name": [ and the bracket that closes it, as far as no string has one.
std::string_view list_of(std::string_view text, std::string_view name) {
  const std::size_t at = text.find("\"" + std::string(name) + "\"");
  if (at == text.npos) return {};
  const std::size_t open = text.find('[', at);
  if (open == text.npos) return {};
  bool in_string = false;
  for (std::size_t i = open + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      in_string = !in_string;
    } else if (text[i] == ']' && !in_string) {
      return text.substr(open + 1, i - open - 1);
    }
  }
  return text.substr(open + 1);
}

void add_bounced(std::string_view list, Report& report) {
  while (report.recipients.size() < kReportRecipientsMax) {
    const std::size_t end = list.find('}');
    const std::string_view object = list.substr(0, end);
    const Found address = string_of(object, "emailAddress");
    if (!address.found) break;
    ReportRecipient one;
    one.final = address.value;
    one.status = string_of(object, "status").value;
    one.reply = string_of(object, "diagnosticCode").value;
    if (one.reply.starts_with("smtp;")) one.reply = trimmed(std::string_view(one.reply).substr(5));
    if (string_of(object, "action").value == "delayed") one.action = DsnAction::delayed;
    report.recipients.push_back(std::move(one));
    if (end == list.npos) break;
    list.remove_prefix(end + 1);
  }
}

void add_delivered(std::string_view list, std::string_view reply, Report& report) {
  while (report.recipients.size() < kReportRecipientsMax) {
    const std::size_t open = list.find('"');
    const std::size_t close = open == list.npos ? open : list.find('"', open + 1);
    if (close == list.npos) break;
    ReportRecipient one;
    one.final = list.substr(open + 1, close - open - 1);
    one.action = DsnAction::delivered;
    one.reply = reply;
    report.recipients.push_back(std::move(one));
    list.remove_prefix(close + 1);
  }
}

}  // namespace

bool read_ses_notification(std::string_view text, Report& report) {
  if (!text.contains("notificationType") || (!text.contains("\"mail") && !text.contains("mail\\")))
    return false;
  std::string inner(text);
  if (text.contains("\\\"notificationType\\\"")) {
    // Long strings are broken by line ends that are no part of them.
    std::erase_if(inner, [](char c) { return c == '\n' || c == '\r'; });
    inner = unescaped(inner);
  }
  const std::string type = string_of(inner, "notificationType").value;
  if (type == "Bounce") {
    add_bounced(list_of(inner, "bouncedRecipients"), report);
  } else if (type == "Delivery") {
    const std::size_t delivery = inner.find("\"delivery\"");
    const std::string_view part =
        delivery == inner.npos ? std::string_view() : std::string_view(inner).substr(delivery);
    add_delivered(list_of(part, "recipients"), string_of(part, "smtpResponse").value, report);
  } else if (type == "Complaint") {
    report.kind = ReportKind::feedback;
    report.feedback.type = string_of(inner, "complaintFeedbackType").value;
    if (report.feedback.type.empty()) report.feedback.type = "abuse";
    report.feedback.user_agent = string_of(inner, "userAgent").value;
    std::string_view list = list_of(inner, "complainedRecipients");
    for (Found one = string_of(list, "emailAddress");
         one.found && report.feedback.original_rcpt_to.size() < kReportValuesMax;
         one = string_of(one.rest, "emailAddress"))
      report.feedback.original_rcpt_to.push_back(one.value);
    return true;
  }
  if (report.recipients.empty()) return false;
  report.kind = ReportKind::delivery;
  report.reporting_mta = string_of(inner, "reportingMTA").value;
  if (!report.reporting_mta.empty()) report.reporting_mta = without_type(report.reporting_mta);
  return true;
}

}  // namespace ph::message
