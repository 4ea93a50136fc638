#include "feedback/report_message.h"

#include <fmt/format.h>

#include <utility>

#include "codec/deflate.h"
#include "mailauth/dmarc_record.h"
#include "message/builder.h"

namespace ph::feedback {
namespace {

std::uint64_t seconds_of(Wall at) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(unix_ms(at), 0) / 1000);
}

}  // namespace

std::vector<std::string> uris_of(const Group& group) {
  auto record = mailauth::parse_dmarc_record(group.record);
  return record ? std::move(record->aggregate_uris) : std::vector<std::string>();
}

mailauth::DmarcReport make_report(const Group& closed, std::vector<mailauth::DmarcReport::Row> rows,
                                  const Reporter& reporter) {
  mailauth::DmarcReport report{.version = "1.0",
                               .org_name = reporter.organization,
                               .email = message::to_string(reporter.contact),
                               .generator = reporter.generator,
                               .begin = seconds_of(closed.begin),
                               .end = seconds_of(closed.end)};
  report.report_id =
      fmt::format("{}.{}.{}@{}", report.begin, group_id(closed.domain, closed.record).substr(0, 16),
                  closed.part, reporter.hostname);
  report.policy = mailauth::dmarc_policy_published(closed.domain, closed.record, report.errors);
  report.policy.discovery_method = "treewalk";
  if (closed.omitted > 0)
    report.errors.push_back(fmt::format(
        "{} further messages are not listed: they came from too many sources", closed.omitted));
  report.rows = std::move(rows);
  return report;
}

Result<std::string> format_report_message(const mailauth::DmarcReport& report,
                                          const Reporter& reporter, const message::Address& to,
                                          std::string message_id, std::string boundary, Wall now) {
  std::uint64_t messages = 0, passed = 0;
  for (const auto& row : report.rows) {
    messages += row.count;
    if (row.dkim == "pass" || row.spf == "pass") passed += row.count;
  }
  const std::string& receiver = reporter.contact.domain;
  message::BuildMessage out;
  out.date = now;
  out.from.push_back({.name = reporter.organization,
                      .local = reporter.contact.local,
                      .domain = reporter.contact.domain});
  out.to.push_back({.local = to.local, .domain = to.domain});
  out.subject = fmt::format("Report Domain: {} Submitter: {} Report-ID: <{}>", report.policy.domain,
                            receiver, report.report_id);
  out.message_id = std::move(message_id);
  out.fields.emplace_back("Auto-Submitted", "auto-generated");  // RFC 3834 §5
  out.body = message::mixed(
      {message::text_part(fmt::format(
           "This is a DMARC aggregate report about mail in the name of {}: {} received {} "
           "messages, {} of which passed.\n\n"
           "It was asked for by the rua= of the domain's DMARC record. The attachment is for "
           "programs.\n",
           report.policy.domain, receiver, messages, passed)),
       message::attachment("application/gzip", mailauth::dmarc_report_file_name(report, receiver),
                           codec::gzip(mailauth::format_dmarc_report(report)))});
  out.boundary = std::move(boundary);
  return message::build(out, message::Carry::seven_bit);
}

}  // namespace ph::feedback
