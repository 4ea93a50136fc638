// What one message adds to the aggregate report that a domain asked for. RFC 7489 §7.2, RFC 9990.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mailauth/dmarc_report.h"
#include "mailauth/results.h"

namespace ph::mailauth {

/// Signatures of one message that are reported: as many as are verified.
inline constexpr std::size_t kDmarcFindingSignaturesMax = 16;

/// Octets of a domain or selector in a signature: no longer one can be in the DNS.
inline constexpr std::size_t kDmarcFindingNameOctetsMax = 253;
/// Octets of a record that is reported about; real ones have some 300.
inline constexpr std::size_t kDmarcFindingRecordOctetsMax = 4096;

struct DmarcFinding {
  std::string domain;    // whose record applies: the report is about it
  std::string record;    // its text: another text, another report
  DmarcReport::Row row;  // count 1; the same for messages that are counted together
  bool operator==(const DmarcFinding&) const = default;
};

/// nullopt: nothing to report, because there is no result (none, DNS trouble) or nobody asked
/// (no mailto: in rua=, or a record over its limit).
///   done     with the message: none, quarantine, reject
///   reasons  why that is not what the policy says, where it is not; t= and pct= are known here
std::optional<DmarcFinding> dmarc_finding(const AuthenticationFacts& facts, DmarcPolicy done,
                                          std::vector<DmarcReport::Reason> reasons);

/// What the record of a report says, as reports write it: defaults where it is silent.
///   problems  what in the record is not in order is added
DmarcReport::Policy dmarc_policy_published(const std::string& domain, const std::string& record,
                                           std::vector<std::string>& problems);

}  // namespace ph::mailauth
