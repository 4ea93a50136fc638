// A DMARC record: what a domain wants done with mail in its name that fails. RFC 9989 §4.7,
// RFC 7489 §6.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ph::mailauth {

/// Where aggregate reports of one record go to, at most.
inline constexpr std::size_t kDmarcReportUrisMax = 10;
/// A record; real ones reach some 500. A longer one is none.
inline constexpr std::size_t kDmarcRecordOctetsMax = 8 << 10;
/// Problems of one record that are told.
inline constexpr std::size_t kDmarcProblemsMax = 32;

enum class DmarcPolicy : std::uint8_t { none, quarantine, reject };
std::string_view to_string(DmarcPolicy policy);

struct DmarcRecord {
  enum class Psd : std::uint8_t { unknown, yes, no };

  DmarcPolicy policy = DmarcPolicy::none;                 // p=
  std::optional<DmarcPolicy> subdomain, non_existent;     // sp=, np=
  bool strict_dkim = false, strict_spf = false;           // adkim=, aspf=
  bool testing = false;                                   // t=y
  unsigned percent = 100;                                 // pct=, RFC 7489 only
  Psd psd = Psd::unknown;                                 // psd=
  std::vector<std::string> aggregate_uris, failure_uris;  // rua=, ruf=: "mailto:x@y", "!10m" kept
  std::string failure_options = "0";                      // fo=
  std::vector<std::string> problems;  // what was not in order, and how it was read; for people
};

/// True if a TXT record is one of DMARC: "v=DMARC1" first. RFC 9989 §4.7.
bool is_dmarc_record(std::string_view text);

/// over_limit: kDmarcRecordOctetsMax. malformed: it does not begin with v=DMARC1, or its policy
/// cannot be read and there is no rua=; with it, the policy is "none" (RFC 9989 §4.10.1, RFC 7489
/// §6.6.3). All else that is wrong is a problem, and as if it were not there (RFC 9989 §4.8, RFC
/// 7489 §6.3): a wrong value, what is no tag, a tag that stood there before.
Result<DmarcRecord> parse_dmarc_record(std::string_view text);

}  // namespace ph::mailauth
