// A report as the message that goes out. RFC 7489 §7.2.1.1, RFC 9990. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "feedback/rows.h"
#include "mailauth/dmarc_report.h"
#include "message/address.h"

namespace ph::feedback {

/// Who reports.
struct Reporter {
  std::string hostname;      // ours
  std::string organization;  // for people
  message::Address contact;  // in From, and the envelope's sender
  std::string generator;     // name and version of this program
};

/// Where the record of a group wants reports: kDmarcReportUrisMax addresses at most.
std::vector<std::string> uris_of(const Group& group);

/// The report of one closed group; the same each time it is made.
mailauth::DmarcReport make_report(const Group& closed, std::vector<mailauth::DmarcReport::Row> rows,
                                  const Reporter& reporter);

/// The message, without signature.
///   boundary  letters and digits that are nobody else's
Result<std::string> format_report_message(const mailauth::DmarcReport& report,
                                          const Reporter& reporter, const message::Address& to,
                                          std::string message_id, std::string boundary, Wall now);

}  // namespace ph::feedback
