// The steps of reading a report. Not for other rooms.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "message/mime_tree.h"
#include "message/report.h"

namespace ph::message {

/// One field of a part for programs, on one line. Views alias nothing: copies.
struct ReportField {
  std::string name, value;
};

/// Fields in groups: an empty line ends one. RFC 3464 §2.1.
struct ReportFields {
  std::vector<std::vector<ReportField>> groups;
  std::vector<std::string> strange;  // lines that are no fields, the first few
};

/// Reads fields as they are in message/delivery-status and its kin; valid UTF-8 comes out. O(text).
ReportFields parse_report_fields(std::string_view text);

/// The value behind "rfc822;", "dns;", "smtp;" and their like: addresses without <>, xtext of
/// "utf-8;" decoded (RFC 6533 §3).
std::string without_type(std::string_view value);

void add_finding(Report& report, ReportOddity what, std::string_view detail = {});

/// message/delivery-status into report.recipients. RFC 3464 §2.
void read_delivery_fields(const ReportFields& fields, Report& report);
/// message/disposition-notification. RFC 8098 §3.
void read_disposition_fields(const ReportFields& fields, Report& report);
/// message/feedback-report. RFC 5965 §3.
void read_feedback_fields(const ReportFields& fields, Report& report);
/// Notifications of Amazon SES over SNS: JSON in a text part. False: it is none.
bool read_ses_notification(std::string_view text, Report& report);

/// The text for people, in UTF-8 with LF: what a person wrote or a server, without what it returns.
struct ReportText {
  std::string said;
  std::string returned;  // what follows a line that announces the returned message
};
ReportText split_report_text(std::string text);

/// Adds what the text says to the recipients that are there; where there are none, finds them.
///   failed   addresses of X-Failed-Recipients
///   to       whom the report was sent: not a failed recipient unless nobody else is
void read_report_text(std::string_view said, const std::vector<std::string>& failed,
                      std::string_view to, Report& report);

/// Which of the signs of a bounce a message has.
struct BounceSigns {
  bool sender = false, subject = false, text = false, certain = false;
  bool is_bounce() const { return certain || (sender + subject + text) >= 2; }
};
BounceSigns bounce_signs(const Header& header, std::string_view said);

/// Whether a program wrote it in answer to a message. RFC 3834 §5.
bool is_auto_reply(const Header& header);

/// Whether a text or subject speaks of mail that is still being tried.
bool speaks_of_delay(std::string_view text);

}  // namespace ph::message
