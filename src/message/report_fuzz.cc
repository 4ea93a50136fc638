// Input: a message. Oracles: a report is the same whenever it is read; every recipient has a status
// and at most so many octets of a reply; what is no report has nothing in it.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "message/report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ph::message;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const MimeTree tree = parse_mime(octets);
  const Report report = read_report(tree), again = read_report(tree);
  if (report.kind != again.kind || report.recipients.size() != again.recipients.size())
    std::abort();
  if (report.findings.size() != again.findings.size()) std::abort();
  if (report.recipients.size() > kReportRecipientsMax) std::abort();
  if (report.kind == ReportKind::none && !report.recipients.empty()) std::abort();
  for (std::size_t i = 0; i < report.recipients.size(); ++i) {
    const ReportRecipient& one = report.recipients[i];
    if (one.status.size() < 5 || one.status != again.recipients[i].status) std::abort();
    if (one.reply.size() > 8 * kReportReplyOctetsMax) std::abort();
    if (one.hard && one.status.front() != '5') std::abort();
  }
  return 0;
}
