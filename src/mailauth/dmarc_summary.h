// What an aggregate report means, for the owner of the domain: who sends in its name, what vouches
// for that mail, and what to do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "mailauth/dmarc_report.h"

namespace ph::mailauth {

/// Different names (of domains, of reasons) that are told of one source; further ones add nothing.
inline constexpr std::size_t kDmarcSourceNamesMax = 10;

/// All mail that came from one address.
struct DmarcSource {
  std::string ip;
  std::uint64_t messages = 0;
  std::uint64_t aligned = 0;  // passed DMARC: the sum of the next two, less what both vouch for
  std::uint64_t dkim_aligned = 0, spf_aligned = 0;
  std::uint64_t quarantined = 0, rejected = 0;  // what the receiver did
  std::vector<std::string> header_from;         // in whose names
  std::vector<std::string> vouched_by;  // other domains for which DKIM or SPF passed, all the same
  std::vector<std::string> reasons;     // why the receiver did otherwise than asked
  std::string why, fix;                 // one sentence each; fix "": nothing is to be done
};

struct DmarcSummary {
  std::uint64_t messages = 0, aligned = 0, quarantined = 0, rejected = 0;
  std::vector<DmarcSource> sources;  // most failing mail first, then most mail
};

/// O(rows · log rows).
DmarcSummary summarise(const DmarcReport& report);

}  // namespace ph::mailauth
