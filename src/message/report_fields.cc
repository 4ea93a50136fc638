// The parts of reports that are for programs.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <utility>

#include "base/ascii.h"
#include "codec/charset.h"
#include "codec/utf8.h"
#include "message/date.h"
#include "message/field_values.h"
#include "message/readable.h"
#include "message/reply_text.h"
#include "message/report_parts.h"

namespace ph::message {
namespace {

constexpr std::size_t kStrangeLinesMax = 8;
constexpr std::size_t kStrangeOctetsMax = 200;

/// Fields are UTF-8 at most; some programs write ISO-2022-JP, which says itself that it is that.
std::string readable_fields(std::string_view text) {
  const bool is_japanese = text.contains("\x1b$B") || text.contains("\x1b$@");
  return is_japanese ? codec::to_utf8(text, "iso-2022-jp") : valid_utf8(text);
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r\xc2\xa0") == line.npos;
}

/// "\x{5BFF}" of RFC 6533 §3 (utf-8-addr-xtext) as UTF-8.
std::string decode_wide_xtext(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t close = text.starts_with("\\x{") ? text.substr(0, 10).find('}') : text.npos;
    std::uint32_t value = 0;
    if (close != text.npos && close > 3 && close <= 9) {
      const auto read = std::from_chars(text.data() + 3, text.data() + close, value, 16);
      if (read.ptr == text.data() + close && value < 0x110000 &&
          (value < 0xd800 || value > 0xdfff)) {
        codec::append_utf8(value, out);
        text.remove_prefix(close + 1);
        continue;
      }
    }
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

std::string bare_address(std::string_view text) {
  text = trimmed(text);
  if (const std::size_t open = text.find('<'); open != text.npos) {
    const std::size_t close = text.find('>', open);
    if (close != text.npos) text = text.substr(open + 1, close - open - 1);
  }
  // A source route: "@relay.example:user@host". RFC 5321 §4.1.1.3
  if (text.starts_with('@')) {
    if (const std::size_t colon = text.find(':'); colon != text.npos) text.remove_prefix(colon + 1);
  }
  return std::string(trimmed(text));
}

std::optional<DsnAction> action_of(std::string_view value) {
  const std::string word = ascii_lower(trimmed(value.substr(0, value.find_first_of(" \t(;"))));
  static constexpr std::array<std::pair<std::string_view, DsnAction>, 10> kActions{{
      {"failed", DsnAction::failed},
      {"failure", DsnAction::failed},
      {"fail", DsnAction::failed},
      {"expired", DsnAction::failed},
      {"delayed", DsnAction::delayed},
      {"deferred", DsnAction::delayed},
      {"delivered", DsnAction::delivered},
      {"deliverable", DsnAction::delivered},
      {"relayed", DsnAction::relayed},
      {"expanded", DsnAction::expanded},
  }};
  for (const auto& [name, action] : kActions)
    if (word == name) return action;
  return std::nullopt;
}

std::optional<Wall> date_of(std::string_view value, Report& report) {
  const auto read = read_date(value);
  if (read) return read->at;
  add_finding(report, ReportOddity::date_unreadable, value);
  return std::nullopt;
}

void read_message_field(const ReportField& field, Report& report) {
  if (same_ascii(field.name, "reporting-mta")) {
    report.reporting_mta = without_type(field.value);
  } else if (same_ascii(field.name, "original-envelope-id")) {
    report.envelope_id = field.value;
  } else if (same_ascii(field.name, "arrival-date")) {
    report.arrival = date_of(field.value, report);
  }
}

struct RecipientState {
  ReportRecipient recipient;
  bool has_final = false, has_action = false, has_any = false;
  std::string alias;  // X-Actual-Recipient
};

void finish(RecipientState& state, Report& report) {
  if (state.has_any) {
    ReportRecipient& one = state.recipient;
    if (one.final.empty()) one.final = one.original.empty() ? state.alias : one.original;
    if (one.final.empty()) add_finding(report, ReportOddity::recipient_missing);
    if (!state.has_action) {
      add_finding(report, ReportOddity::action_missing, one.final);
      if (one.status.starts_with('4')) one.action = DsnAction::delayed;
      if (one.status.starts_with('2')) one.action = DsnAction::delivered;
    }
    if (report.recipients.size() < kReportRecipientsMax) {
      report.recipients.push_back(std::move(one));
    } else {
      add_finding(report, ReportOddity::too_many_recipients);
    }
  }
  state = {};
}

void read_recipient_field(const ReportField& field, RecipientState& state, Report& report) {
  ReportRecipient& one = state.recipient;
  if (same_ascii(field.name, "final-recipient")) {
    if (state.has_final) finish(state, report);
    state.has_final = state.has_any = true;
    state.recipient.final = without_type(field.value);
  } else if (same_ascii(field.name, "original-recipient")) {
    one.original = without_type(field.value);
    state.has_any = true;
  } else if (same_ascii(field.name, "x-actual-recipient")) {
    state.alias = without_type(field.value);
  } else if (same_ascii(field.name, "action")) {
    if (const auto action = action_of(field.value)) {
      one.action = *action;
      state.has_action = true;
    }
    state.has_any = true;
  } else if (same_ascii(field.name, "status")) {
    one.status = find_status(field.value);
    state.has_any = true;
  } else if (same_ascii(field.name, "remote-mta")) {
    one.remote_mta = without_type(field.value);
  } else if (same_ascii(field.name, "diagnostic-code")) {
    const std::size_t semicolon = field.value.find(';');
    std::string_view said = field.value;
    if (semicolon < 24 && !said.substr(0, semicolon).contains(' '))
      said = trimmed(said.substr(semicolon + 1));
    one.reply = said;
    if (one.reply.size() > kReportReplyOctetsMax) {
      one.reply = valid_utf8(said.substr(0, kReportReplyOctetsMax));
      add_finding(report, ReportOddity::cut, one.final);
    }
  }
}

void add_value(std::vector<std::string>& values, const std::string& value) {
  if (values.size() < kReportValuesMax) values.push_back(value);
}

}  // namespace

void add_finding(Report& report, ReportOddity what, std::string_view detail) {
  if (report.findings.size() >= kReportFindingsMax) return;
  report.findings.push_back({what, valid_utf8(detail.substr(0, kStrangeOctetsMax))});
}

std::string without_type(std::string_view value) {
  value = trimmed(value);
  const std::size_t semicolon = value.find(';');
  if (semicolon != value.npos && !value.substr(0, semicolon).contains('@')) {
    const std::string type = ascii_lower(trimmed(value.substr(0, semicolon)));
    value = trimmed(value.substr(semicolon + 1));
    if (type == "utf-8" || type == "utf8") return decode_wide_xtext(bare_address(value));
  }
  return bare_address(value);
}

ReportFields parse_report_fields(std::string_view text) {
  ReportFields out;
  const std::string clean = readable_fields(text);
  text = clean;
  bool begins = true;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    while (!line.empty() && (line.back() == '\r' || is_space(line.back()))) line.remove_suffix(1);
    if (is_blank(line)) {
      begins = true;
      continue;
    }
    if (is_space(line.front()) && !begins && !out.groups.back().empty()) {
      out.groups.back().back().value.append(" ").append(trimmed(line));
      continue;
    }
    const FieldName name = field_name(trimmed(line));
    if (!name) {
      // A reply of several lines that nobody folded.
      if (!begins && !out.groups.back().empty() &&
          same_ascii(out.groups.back().back().name, "diagnostic-code")) {
        out.groups.back().back().value.append(" ").append(line);
      } else if (out.strange.size() < kStrangeLinesMax) {
        out.strange.emplace_back(line.substr(0, kStrangeOctetsMax));
      }
      continue;
    }
    if (begins) out.groups.emplace_back();
    begins = false;
    line = trimmed(line);
    out.groups.back().push_back({std::string(line.substr(0, name.octets)),
                                 std::string(trimmed(line.substr(name.colon + 1)))});
  }
  return out;
}

void read_delivery_fields(const ReportFields& fields, Report& report) {
  for (const auto& line : fields.strange)
    add_finding(report, ReportOddity::fields_unreadable, line);
  for (const auto& group : fields.groups) {
    RecipientState state;
    for (const auto& field : group) {
      read_message_field(field, report);
      read_recipient_field(field, state, report);
    }
    finish(state, report);
  }
}

void read_disposition_fields(const ReportFields& fields, Report& report) {
  ReportDisposition& out = report.disposition;
  for (const auto& line : fields.strange)
    add_finding(report, ReportOddity::fields_unreadable, line);
  for (const auto& group : fields.groups) {
    for (const auto& field : group) {
      const auto is = [&](std::string_view name) { return same_ascii(field.name, name); };
      if (is("final-recipient")) out.final = without_type(field.value);
      if (is("original-recipient")) out.original = without_type(field.value);
      if (is("reporting-ua")) out.reporting_ua = field.value;
      if (is("error")) add_value(out.errors, field.value);
      if (is("failure")) add_value(out.failures, field.value);
      if (is("warning")) add_value(out.warnings, field.value);
      if (is("original-message-id")) {
        const auto ids = parse_message_ids(field.value);
        if (!ids.empty()) out.original_message_id = ids.front();
      }
      if (!is("disposition")) continue;
      // "manual-action/MDN-sent-manually; displayed/error, x". RFC 8098 §3.2.6
      std::string_view value = field.value;
      const std::size_t semicolon = value.find(';');
      const std::string_view mode = semicolon == value.npos ? "" : value.substr(0, semicolon);
      value.remove_prefix(semicolon == value.npos ? 0 : semicolon + 1);
      const std::size_t mode_slash = std::min(mode.find('/'), mode.size());
      out.action_mode = trimmed(mode.substr(0, mode_slash));
      out.sending_mode = trimmed(mode.substr(std::min(mode_slash + 1, mode.size())));
      const std::size_t slash = std::min(value.find('/'), value.size());
      out.type = ascii_lower(trimmed(value.substr(0, slash)));
      if (slash < value.size()) out.modifiers = parse_text_list(value.substr(slash + 1));
    }
  }
  if (out.type.empty()) add_finding(report, ReportOddity::field_missing, "Disposition");
  if (out.final.empty()) add_finding(report, ReportOddity::field_missing, "Final-Recipient");
}

void read_feedback_fields(const ReportFields& fields, Report& report) {
  ReportFeedback& out = report.feedback;
  using Text = std::pair<std::string_view, std::string*>;
  const std::array<Text, 11> texts{{{"user-agent", &out.user_agent},
                                    {"version", &out.version},
                                    {"source-ip", &out.source_ip},
                                    {"original-mail-from", &out.original_mail_from},
                                    {"reporting-mta", &out.reporting_mta},
                                    {"original-envelope-id", &out.original_envelope_id},
                                    {"auth-failure", &out.auth_failure},
                                    {"dkim-domain", &out.dkim_domain},
                                    {"dkim-identity", &out.dkim_identity},
                                    {"dkim-selector", &out.dkim_selector},
                                    {"delivery-result", &out.delivery_result}}};
  using Values = std::pair<std::string_view, std::vector<std::string>*>;
  const std::array<Values, 4> lists{{{"original-rcpt-to", &out.original_rcpt_to},
                                     {"reported-domain", &out.reported_domains},
                                     {"reported-uri", &out.reported_uris},
                                     {"authentication-results", &out.authentication_results}}};
  for (const auto& line : fields.strange)
    add_finding(report, ReportOddity::fields_unreadable, line);
  for (const auto& group : fields.groups) {
    for (const auto& field : group) {
      for (const auto& [name, text] : texts)
        if (same_ascii(field.name, name)) *text = field.value;
      for (const auto& [name, values] : lists)
        if (same_ascii(field.name, name)) add_value(*values, field.value);
      if (same_ascii(field.name, "feedback-type")) out.type = ascii_lower(field.value);
      if (same_ascii(field.name, "arrival-date") || same_ascii(field.name, "received-date"))
        out.arrival = date_of(field.value, report);
      if (same_ascii(field.name, "incidents")) {
        const std::string_view digits = field.value;
        std::from_chars(digits.data(), digits.data() + digits.size(), out.incidents);
      }
    }
  }
  for (auto& rcpt : out.original_rcpt_to) rcpt = bare_address(rcpt);
  // Some put the host's name behind the address.
  out.source_ip.resize(std::min(out.source_ip.find_first_of(" \t("), out.source_ip.size()));
  out.original_mail_from = bare_address(out.original_mail_from);
  out.reporting_mta = without_type(out.reporting_mta);
  if (out.type.empty()) add_finding(report, ReportOddity::field_missing, "Feedback-Type");
}

}  // namespace ph::message
