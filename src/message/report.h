// What a message reports of another one: that it did not arrive, that it was read, that somebody
// complains about it; or that nobody will read it before Monday.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "message/bounce_reason.h"
#include "message/dsn.h"
#include "message/mime_tree.h"

namespace ph::message {

/// Recipients of one report; further ones are passed over. Real ones have at most some hundred.
inline constexpr std::size_t kReportRecipientsMax = 1000;
/// Octets of a report's text for people, and of its part for programs, that are looked at.
inline constexpr std::size_t kReportTextOctetsMax = 1 << 20;
/// Octets of what was said of one recipient that are kept.
inline constexpr std::size_t kReportReplyOctetsMax = 4096;
/// Values of one feedback field that may repeat.
inline constexpr std::size_t kReportValuesMax = 1000;
/// Findings of one report; further ones are left out.
inline constexpr std::size_t kReportFindingsMax = 4000;

enum class ReportKind : std::uint8_t {
  none,         // no report: a letter
  delivery,     // RFC 3464, or a bounce in any other form
  disposition,  // RFC 8098: it was displayed, deleted, ...
  feedback,     // RFC 5965: a complaint, or a failed authentication (RFC 6591)
  auto_reply,   // RFC 3834: an answer that a program wrote
};

/// "none", "delivery", ...
std::string_view to_string(ReportKind kind);

/// Every text of a report is valid UTF-8; "" where nothing was said.
struct ReportRecipient {
  std::string final, original;  // addresses, without their type
  DsnAction action = DsnAction::failed;
  std::string status;            // "5.1.1"; always there
  bool status_derived = false;   // nobody gave one: from the reason (status_for())
  std::uint16_t reply_code = 0;  // of SMTP; 0: none was given
  std::string reply;             // what was said of it, line ends as LF
  std::string remote_mta;        // without its type
  BounceReason reason = BounceReason::unspecified;
  bool hard = false;  // is_hard()
};

/// RFC 8098 §3.2.
struct ReportDisposition {
  std::string final, original;            // addresses, without their type
  std::string action_mode, sending_mode;  // "manual-action", "MDN-sent-manually"
  std::string type;                       // "displayed", "deleted", "dispatched", "processed"
  std::vector<std::string> modifiers;
  std::string original_message_id;  // without <>
  std::string reporting_ua;
  std::vector<std::string> errors, failures, warnings;
};

/// RFC 5965 §3, with RFC 6591 §3.
struct ReportFeedback {
  std::string type;  // lower case: "abuse", "auth-failure"
  std::string user_agent, version;
  std::string source_ip;
  std::string original_mail_from;
  std::vector<std::string> original_rcpt_to;
  std::optional<Wall> arrival;
  std::uint64_t incidents = 1;
  std::vector<std::string> reported_domains, reported_uris, authentication_results;
  std::string reporting_mta, original_envelope_id;
  std::string auth_failure, dkim_domain, dkim_identity, dkim_selector, delivery_result;
};

/// What a report returns of the message that it is about.
struct ReportedMessage {
  bool found = false;
  std::string message_id;                        // without <>
  std::string subject, sender, recipient, date;  // readable; From, To, Date as they stand there
};

enum class ReportOddity : std::uint8_t {
  no_fields,            // a bounce without a part for programs: read from its text. RFC 3464 §2
  fields_unreadable,    // a line of the part for programs is no field
  recipient_missing,    // the fields of a recipient do not name it. RFC 3464 §2.3.2
  recipient_guessed,    // nobody is named: who the returned message was for
  action_missing,       // or a word that is none. RFC 3464 §2.3.3
  status_missing,       // or none that can be read. RFC 3464 §2.3.4
  status_contradicts,   // the action says another class, or the reply does
  no_reply,             // nothing was said about a recipient
  reason_unknown,       // what was said fits no reason
  original_missing,     // nothing of the message is returned
  too_many_recipients,  // kReportRecipientsMax
  cut,                  // kReportTextOctetsMax, kReportReplyOctetsMax
  field_missing,        // a disposition or feedback type that has to be there is not
  date_unreadable,
};

/// "no_fields", "recipient_missing", ...
std::string_view to_string(ReportOddity what);

struct ReportFinding {
  ReportOddity what;
  std::string detail;  // which recipient, line or value; at most some hundred octets
};

struct Report {
  ReportKind kind = ReportKind::none;
  std::vector<ReportRecipient> recipients;  // of a delivery report
  std::string reporting_mta, envelope_id;   // of a delivery report
  std::optional<Wall> arrival;              // when the reporting server got the message
  ReportDisposition disposition;
  ReportFeedback feedback;
  ReportedMessage original;
  std::vector<ReportFinding> findings;  // what was not understood, in order; each kind of one
                                        // recipient once
};

/// Reads what a message reports.
///
///   tree    of the whole message; borrowed for the call
///   fails   never: what is no report has kind none, and no findings
///   cost    O(octets of the parts that are looked at), which are the text for people, the part
///           for programs (kReportTextOctetsMax each) and the header of what is returned
///
/// The part for programs counts (RFC 3464 §2, RFC 6533 §3, RFC 8098 §3, RFC 5965 §3), wherever in
/// the message it is but inside another message. What it does not say is taken from the text for
/// people. A message without it is a bounce if two of three say so: who sent it (the null path, a
/// mailer daemon), its subject, its text; or a field that only bounces have. Its recipients, and
/// what was said of each, are then read from the text.
///
/// Nothing in a report is proof: anybody can write one.
Report read_report(const MimeTree& tree);

}  // namespace ph::message
