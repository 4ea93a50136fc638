#include "message/report.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "message/address_list.h"
#include "message/content.h"
#include "message/field_values.h"
#include "message/html_text.h"
#include "message/readable.h"
#include "message/reply_text.h"
#include "message/report_parts.h"

namespace ph::message {
namespace {

/// The parts of a report, by what they are for.
struct Parts {
  const MimePart* delivery = nullptr;
  const MimePart* disposition = nullptr;
  const MimePart* feedback = nullptr;
  const MimePart* original = nullptr;  // a message, or its header
  std::vector<const MimePart*> text, html;
};

bool is_header_part(const MimePart& part) {
  return part.is("text", "rfc822-headers") || part.is("text", "rfc822-header") ||
         part.is("message", "global-headers") || part.is("text", "rfc822");
}

/// The parts outside attached messages.
Parts parts_of(const MimeTree& tree) {
  Parts out;
  const auto parts = tree.parts();
  for (std::uint32_t i = 0; i < parts.size();) {
    const MimePart& part = parts[i];
    const auto first = [&](const MimePart*& slot) { slot = slot == nullptr ? &part : slot; };
    if (part.is("message", "delivery-status") || part.is("message", "global-delivery-status")) {
      first(out.delivery);
    } else if (part.is("message", "disposition-notification") ||
               part.is("message", "global-disposition-notification")) {
      first(out.disposition);
    } else if (part.is("message", "feedback-report")) {
      first(out.feedback);
    } else if ((part.is_message() && i > 0) || is_header_part(part)) {
      first(out.original);
    } else if (part.is("text", "html")) {
      out.html.push_back(&part);
    } else if (part.is_multipart() && part.children == 0) {
      out.text.push_back(&part);  // its boundary never comes: all that there is, is its body
    } else if (part.type == "text" && disposition_of(part) != Disposition::attached) {
      out.text.push_back(&part);
    }
    i = part.is_message() && i > 0 ? part.last : i + 1;
  }
  return out;
}

std::string decoded_start(const MimeTree& tree, const MimePart& part, Report& report) {
  BodyReader reader(tree, part);
  std::string out;
  while (out.size() <= kReportTextOctetsMax && reader.next(out)) {
  }
  if (out.size() > kReportTextOctetsMax) {
    out.resize(kReportTextOctetsMax);
    add_finding(report, ReportOddity::cut, part.type + "/" + part.subtype);
  }
  return out;
}

std::string text_of(const MimeTree& tree, const Parts& parts, Report& report) {
  std::string out;
  const auto& chosen = parts.text.empty() ? parts.html : parts.text;
  for (const MimePart* part : chosen) {
    if (out.size() >= kReportTextOctetsMax) break;
    if (part->end - part->body > 4 * kReportTextOctetsMax) {
      // The tree's text is read as a whole: what is so large is looked at undecoded.
      out += readable_text(tree.body_of(*part).substr(0, kReportTextOctetsMax));
      add_finding(report, ReportOddity::cut, part->type + "/" + part->subtype);
      continue;
    }
    const PartText text = decoded_text(tree, *part);
    out += part->subtype == "html" ? html_to_text(text.text) : text.text;
    if (!out.empty() && out.back() != '\n') out += '\n';
  }
  if (out.size() > kReportTextOctetsMax) {
    out.resize(kReportTextOctetsMax);
    add_finding(report, ReportOddity::cut, "text");
  }
  return out;
}

/// Of the header that `octets` begins with.
void read_original(std::string_view octets, Report& report) {
  const std::size_t begin = octets.find_first_not_of("\r\n");
  if (begin == octets.npos) return;
  const Header header = parse_header(octets.substr(begin));
  ReportedMessage& out = report.original;
  const auto readable = [&](std::string_view name) -> std::string {
    const Field* field = header.first(name);
    return field == nullptr ? "" : readable_text(field->value);
  };
  if (const Field* id = header.first("message-id")) {
    const auto ids = parse_message_ids(id->value);
    if (!ids.empty()) out.message_id = ids.front();
  }
  out.subject = readable("subject");
  out.sender = readable("from");
  out.recipient = readable("to");
  out.date = readable("date");
  out.found = !out.message_id.empty() || !out.sender.empty() || !out.subject.empty();
}

std::vector<std::string> failed_recipients(const Header& header) {
  std::vector<std::string> out;
  for (const Field* field : header.all("x-failed-recipients"))
    for (const auto& one : parse_address_list(field->value).mailboxes)
      if (out.size() < kReportRecipientsMax) out.push_back(one.address());
  return out;
}

std::string first_address(const Header& header, std::string_view name) {
  const Field* field = header.first(name);
  if (field == nullptr) return {};
  const auto list = parse_address_list(field->value);
  return list.mailboxes.empty() ? "" : list.mailboxes.front().address();
}

/// The name behind "host" or before an address in brackets: "host mx.example.jp [192.0.2.1]".
std::string remote_in(std::string_view text) {
  for (std::size_t at = text.find('['); at != text.npos; at = text.find('[', at + 1)) {
    if (at + 1 >= text.size() || !is_digit(text[at + 1])) continue;
    std::size_t end = at;
    while (end > 0 && (is_space(text[end - 1]) || text[end - 1] == '(')) --end;
    std::size_t begin = end;
    while (begin > 0 && (is_digit(text[begin - 1]) || is_alpha(text[begin - 1]) ||
                         text[begin - 1] == '.' || text[begin - 1] == '-'))
      --begin;
    while (end > begin && text[end - 1] == '.') --end;
    if (text.substr(begin, end - begin).contains('.'))
      return std::string(text.substr(begin, end - begin));
  }
  return {};
}

bool fits(DsnAction action, char status_class) {
  switch (action) {
    case DsnAction::failed: return status_class == '5' || status_class == '4';
    case DsnAction::delayed: return status_class == '4';
    case DsnAction::delivered:
    case DsnAction::relayed:
    case DsnAction::expanded: return status_class == '2';
  }
  return true;
}

/// What follows from what was said of one recipient.
void conclude(ReportRecipient& one, Report& report) {
  const ReplyFound said = find_reply(one.reply);
  one.reply_code = said.code;
  if (one.reply.empty()) add_finding(report, ReportOddity::no_reply, one.final);
  const bool is_fine = one.action == DsnAction::delivered || one.action == DsnAction::relayed ||
                       one.action == DsnAction::expanded;
  // Many servers give a status that their own table has for the reply's code; what the reply
  // itself has is nearer to the fact.
  const bool nearer = !said.status.empty() && !is_vague(said.status) && said.status != one.status;
  if (one.status.empty() || (nearer && !is_fine)) {
    if (one.status.empty()) add_finding(report, ReportOddity::status_missing, one.final);
    if (!is_vague(said.status) || one.status.empty()) one.status = said.status;
  }
  if (one.remote_mta.empty()) one.remote_mta = remote_in(one.reply);
  BounceWords words{.status = one.status,
                    .code = one.reply_code,
                    .text = one.reply,
                    .is_delay = one.action == DsnAction::delayed};
  one.reason = is_fine ? BounceReason::none : bounce_reason(words);
  if (one.status.empty()) {
    one.status = status_for(one.reason, words);
    one.status_derived = true;
  }
  if (!fits(one.action, one.status.front()) ||
      (one.reply_code >= 400 && one.reply_code / 100 != one.status.front() - '0'))
    add_finding(report, ReportOddity::status_contradicts, one.final);
  if (one.reason == BounceReason::unspecified)
    add_finding(report, ReportOddity::reason_unknown, one.final);
  one.hard = one.action == DsnAction::failed && is_hard(one.reason, one.status);
}

void finish_delivery(const Header& header, Report& report) {
  for (auto& one : report.recipients) {
    if (one.final.empty()) {
      one.final = report.original.found
                      ? first_address(parse_header("To: " + report.original.recipient), "to")
                      : "";
      add_finding(report, ReportOddity::recipient_guessed, one.final);
    }
    conclude(one, report);
  }
  if (!report.original.found && report.original.message_id.empty()) {
    if (const Field* field = header.first("in-reply-to")) {
      const auto ids = parse_message_ids(field->value);
      if (!ids.empty()) report.original.message_id = ids.front();
    }
    add_finding(report, ReportOddity::original_missing);
  }
}

/// Fields of a delivery status that somebody put into the text.
ReportFields fields_in_text(std::string_view said) {
  std::size_t at = said.find("\nFinal-Recipient:");
  if (at == said.npos) at = said.find("\nReporting-MTA:");
  if (at == said.npos || said.find("\nAction:") == said.npos) return {};
  at = std::min({at, said.find("\nAction:"), said.find("\nReporting-MTA:")});
  ReportFields out = parse_report_fields(said.substr(at + 1));
  out.strange.clear();
  return out;
}

void read_delivery(const MimeTree& tree, const Parts& parts, const ReportText& text,
                   Report& report) {
  if (parts.delivery != nullptr) {
    read_delivery_fields(parse_report_fields(decoded_start(tree, *parts.delivery, report)), report);
  } else {
    add_finding(report, ReportOddity::no_fields);
    read_delivery_fields(fields_in_text(text.said), report);
  }
  const Header& header = tree.header();
  read_report_text(text.said, failed_recipients(header), first_address(header, "to"), report);
  finish_delivery(header, report);
}

}  // namespace

std::string_view to_string(ReportKind kind) {
  static constexpr std::array<std::string_view, 5> kNames{"none", "delivery", "disposition",
                                                          "feedback", "auto_reply"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::string_view to_string(ReportOddity what) {
  static constexpr std::array<std::string_view, 14> kNames{
      "no_fields",      "fields_unreadable", "recipient_missing",   "recipient_guessed",
      "action_missing", "status_missing",    "status_contradicts",  "no_reply",
      "reason_unknown", "original_missing",  "too_many_recipients", "cut",
      "field_missing",  "date_unreadable"};
  return kNames.at(static_cast<std::size_t>(what));
}

Report read_report(const MimeTree& tree) {
  Report report;
  const Parts parts = parts_of(tree);
  const Header& header = tree.header();
  if (parts.disposition == nullptr && parts.feedback == nullptr && parts.delivery == nullptr) {
    // A letter is only looked at further when its text may be a report's.
    ReportText text = split_report_text(text_of(tree, parts, report));
    const bool is_notification = read_ses_notification(text.said, report);
    if (!is_notification && !bounce_signs(header, text.said).is_bounce()) {
      report = {};
      if (is_auto_reply(header)) report.kind = ReportKind::auto_reply;
      if (report.kind == ReportKind::none) return report;
      if (const Field* field = header.first("in-reply-to")) {
        const auto ids = parse_message_ids(field->value);
        if (!ids.empty()) report.original.message_id = ids.front();
      }
      return report;
    }
    if (parts.original != nullptr)
      read_original(decoded_start(tree, *parts.original, report), report);
    if (!report.original.found) read_original(text.returned, report);
    if (is_notification) {
      if (report.kind == ReportKind::delivery) finish_delivery(header, report);
      return report;
    }
    report.kind = ReportKind::delivery;
    read_delivery(tree, parts, text, report);
    return report;
  }
  if (parts.original != nullptr)
    read_original(decoded_start(tree, *parts.original, report), report);
  if (parts.delivery != nullptr) {
    report.kind = ReportKind::delivery;
    const ReportText text = split_report_text(text_of(tree, parts, report));
    if (!report.original.found) read_original(text.returned, report);
    read_delivery(tree, parts, text, report);
  } else if (parts.feedback != nullptr) {
    report.kind = ReportKind::feedback;
    read_feedback_fields(parse_report_fields(decoded_start(tree, *parts.feedback, report)), report);
  } else {
    report.kind = ReportKind::disposition;
    read_disposition_fields(parse_report_fields(decoded_start(tree, *parts.disposition, report)),
                            report);
    if (report.original.message_id.empty())
      report.original.message_id = report.disposition.original_message_id;
  }
  if (report.kind != ReportKind::delivery && !report.original.found)
    add_finding(report, ReportOddity::original_missing);
  return report;
}

}  // namespace ph::message
