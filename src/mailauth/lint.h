// What is wrong in the records that say who may send in a domain's name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "mailauth/lookups.h"

namespace ph::mailauth {

/// Selectors that are looked at: given ones, and those that are tried.
inline constexpr std::size_t kLintSelectorsMax = 64;
/// Hosts of MX records that are looked at.
inline constexpr std::size_t kLintMailHostsMax = 32;
/// Keys of RSA that should be at least so long. RFC 8301 §3.2.
inline constexpr unsigned kLintRsaBitsMin = 2048;

enum class LintSeverity : std::uint8_t {
  wrong,    // mail is refused or forged because of it
  risk,     // it will be, or can be
  advice,   // could be better
  unknown,  // the DNS did not say
};
std::string_view to_string(LintSeverity severity);

struct LintFinding {
  LintSeverity severity = LintSeverity::advice;
  std::string about;           // "spf", "dkim", "dmarc", "mx", "mta-sts", "tls-rpt"
  std::string what, why, fix;  // one sentence each
};
struct LintRecord {
  std::string kind, name, text;  // kind as LintFinding::about
};
struct LintOutcome {
  std::string domain;
  std::vector<LintRecord> records;
  std::vector<LintFinding> findings;  // the worst first
};

/// Reads and criticises a domain's records.
///   domain     as the DNS knows it
///   selectors  of DKIM keys; each that is missing is a finding. Common ones are tried beside them
///   returns    nullopt: answers are missing, see class Lookups
/// RFC 7208, RFC 6376, RFC 9989, RFC 7505, RFC 8461 §3.1, RFC 8460 §3.
std::optional<LintOutcome> lint_domain(const std::string& domain,
                                       const std::vector<std::string>& selectors, Wall now,
                                       Lookups& lookups);

}  // namespace ph::mailauth
