// DMARC aggregate reports: who sent mail in a domain's name, as one receiver counted it. The model,
// read from XML and written as it. RFC 7489 §7.2, its Appendix C; RFC 9990.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ph::mailauth {

/// Octets of XML of one report, decompressed. The largest that is known of had some 10 MB.
inline constexpr std::size_t kDmarcReportOctetsMax = 64 << 20;
/// Rows of one report that are kept; a report with more is one with a problem.
inline constexpr std::size_t kDmarcReportRowsMax = 100'000;
/// Octets of one value that are kept.
inline constexpr std::size_t kDmarcReportTextOctetsMax = 2048;
/// Elements inside each other; the schema has 5.
inline constexpr std::size_t kDmarcReportDepthMax = 32;
/// Octets of one tag with its attributes.
inline constexpr std::size_t kDmarcReportTagOctetsMax = 256 << 10;
/// Of one row: signatures (RFC 9990 wants at most so many), SPF results and reasons each.
inline constexpr std::size_t kDmarcReportResultsMax = 100;
/// The same of all rows together: an empty one takes 128 octets of memory for 6 of XML.
inline constexpr std::size_t kDmarcReportAllResultsMax = 200'000;
/// Errors that a reporter tells of, and problems that we find in a report.
inline constexpr std::size_t kDmarcReportErrorsMax = 100;

/// Every text is as it was reported, without white space around it, valid UTF-8; "" where there
/// was none. Reporters differ in case and words: compare as ASCII without case.
struct DmarcReport {
  /// Why a receiver did otherwise than the policy says: "local_policy", "mailing_list",
  /// "trusted_forwarder", "forwarded", "sampled_out", "policy_test_mode", "other".
  struct Reason {
    std::string type, comment;
    bool operator==(const Reason&) const = default;
  };
  struct Dkim {
    std::string domain, selector, result, human_result;
    bool operator==(const Dkim&) const = default;
  };
  struct Spf {
    std::string domain, scope, result, human_result;
    bool operator==(const Spf&) const = default;
  };
  struct Row {
    std::string source_ip;
    std::uint64_t count = 0;
    std::string disposition;  // what was done: "none" (or "pass"), "quarantine", "reject"
    std::string dkim, spf;    // aligned: "pass" or "fail"
    std::vector<Reason> reasons;
    std::string header_from, envelope_from, envelope_to;  // domains
    std::vector<Dkim> dkim_results;
    std::vector<Spf> spf_results;
    bool operator==(const Row&) const = default;
  };
  struct Policy {
    std::string domain, adkim, aspf, p, sp, np, pct, fo, testing, discovery_method;
    bool operator==(const Policy&) const = default;
  };

  std::string version, org_name, email, extra_contact_info, report_id, generator;
  std::uint64_t begin = 0, end = 0;  // seconds since 1970
  std::vector<std::string> errors;
  Policy policy;
  std::vector<Row> rows;
  bool operator==(const DmarcReport&) const = default;
};

/// What was read, and what of it was not in order.
struct DmarcReportRead {
  DmarcReport report;
  std::vector<std::string> problems;  // for people
  std::string file_name;              // of the attachment; "" where it had none
};

/// Reads the XML of a report that arrives in any split.
///
///   tolerant   elements in any order and namespace, unknown ones passed over, charsets of one
///   octet
///              a character, what is missing; XML that breaks off: what came before it is the
///              report
///   fails      malformed: no XML, another document, one with a document type (so no entities are
///              ever expanded), elements too deep, a tag without end; over_limit:
///              kDmarcReportOctetsMax. Final
///   cost       O(octets); memory for what is kept
class DmarcReportParser {
 public:
  DmarcReportParser();
  ~DmarcReportParser();
  DmarcReportParser(DmarcReportParser&&) noexcept;
  DmarcReportParser& operator=(DmarcReportParser&&) noexcept;

  Result<Done> feed(std::string_view octets);
  /// Once, after the last octet.
  Result<DmarcReportRead> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// As XML. The elements of RFC 7489's Appendix C in their order, with those of RFC 9990 that say
/// more where they are set, and without its namespace: every consumer reads that, and many look
/// for names without one. What XML cannot hold becomes "?". O(octets).
std::string format_dmarc_report(const DmarcReport& report);

/// Reads a report as it comes: a message with the report attached, gzip, zip, or the XML itself.
/// Fails as the parser does; malformed or not_found also where there is nothing that could be one.
///   cost   O(octets), and of what is compressed at most kDmarcReportOctetsMax come out
Result<DmarcReportRead> read_dmarc_report(std::string_view octets);

/// "receiver!domain!begin!end.xml.gz", RFC 7489 §7.2.1.1.
///   receiver  our host name
std::string dmarc_report_file_name(const DmarcReport& report, std::string_view receiver);

/// True for the subject of an aggregate report: RFC 7489 §7.2.1.1, in any case.
bool is_dmarc_report_subject(std::string_view subject);

}  // namespace ph::mailauth
