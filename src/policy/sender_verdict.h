// What the checks of a sender mean for a message: taken, marked, turned away. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mailauth/dmarc_finding.h"
#include "mailauth/results.h"

namespace ph::policy {

enum class Authentication : std::uint8_t {
  off,      // nothing is checked
  monitor,  // checked and written down; nothing comes of it
  enforce,  // what a domain's DMARC policy wants is done
};

/// Domains in each list of Trusted.
inline constexpr std::size_t kTrustedDomainsMax = 1000;

/// Whose word stands against a DMARC failure. Domains, as the DNS knows them.
struct Trusted {
  /// Servers that forward and seal (ARC): what they found before they changed the message counts.
  std::vector<std::string> sealers{};
  /// Mailing lists that do not seal: what is proved to come from one of these domains, or from
  /// below, by DKIM or SPF, is taken as that list's.
  std::vector<std::string> lists{};
};

/// Octets of a comment in a report that says why a policy was not applied.
inline constexpr std::size_t kReportCommentOctetsMax = 1000;

struct SenderVerdict {
  enum class What : std::uint8_t {
    accept,
    quarantine,  // accept, and mark it
    reject,      // 550 5.7.1
    later,       // 451 4.7.0: the DNS did not say
  };
  What what = What::accept;
  std::string why;                      // one sentence, for events
  std::string reply;                    // reject, later: for the wire; ASCII without line ends
  mailauth::AuthenticationFacts facts;  // for the header fields
  /// What the author's domain is to be told of it, in a report; nullopt: nothing, or it is a report
  /// itself.
  std::optional<mailauth::DmarcFinding> finding{};
};

/// Decides by what was found.
///
/// DMARC alone turns mail away (an SPF that fails breaks every forwarding). DNS trouble is never a
/// pass: where a policy that would be enforced cannot be known, or fulfilled, the sender is asked
/// to try again. Mail that fails is taken nevertheless when each sealer of its ARC chain is one of
/// `trusted` and one of them found that DMARC passed, or when it comes from a list that is: that is
/// what mailing lists need.
/// Mail whose From does not say who the author is, is refused: people would see a name for which no
/// policy was looked up (RFC 7489 §6.6.1). From words alone in a report (<>) nobody is deceived.
///   is_report  it is an aggregate report by its subject. One that passes is not reported about, or
///              two servers would send each other reports about reports for ever
SenderVerdict judge_sender(mailauth::AuthenticationFacts facts, Authentication mode,
                           const Trusted& trusted, bool is_report = false);

/// The sealer whose word counts against a DMARC failure; "": there is none. RFC 8617 §7.2.1.
std::string vouching_sealer(const mailauth::ArcOutcome& arc,
                            const std::vector<std::string>& trusted_sealers);
/// The domain of a trusted list of which DKIM or SPF proves that the message comes from there; "":
/// there is none. The name in a List-Id proves nothing.
std::string vouching_list(const mailauth::AuthenticationFacts& facts,
                          const std::vector<std::string>& trusted_lists);

}  // namespace ph::policy
