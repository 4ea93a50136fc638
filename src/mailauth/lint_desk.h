// What the parts of a domain's lint share. Inside of this room: who lints calls lint_domain().
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/dmarc_record.h"
#include "mailauth/lint.h"
#include "mailauth/lookups.h"

namespace ph::mailauth {

/// Collects what is found, and asks.
struct LintDesk {
  LintDesk(const std::string& domain, Lookups& known) : lookups(known) { out.domain = domain; }

  void say(LintSeverity severity, std::string_view about, std::string what, std::string why,
           std::string fix);
  /// nullptr: not known yet, or never (which is a finding).
  const dns::Answer* ask(std::string_view about, const std::string& name, std::uint16_t type);
  /// The texts at a name of which `is` is true. nullopt: not known yet, or never.
  std::optional<std::vector<std::string>> records(std::string_view about, const std::string& name,
                                                  bool (*is)(std::string_view));

  Lookups& lookups;
  LintOutcome out;
  bool waits = false;
};

/// The MX records and the hosts that they name. false: the domain says that it takes no mail.
/// RFC 5321 §5.1, RFC 7505 §3, RFC 2181 §10.3.
bool lint_mail_hosts(LintDesk& desk);

/// The records of MTA-STS and TLS-RPT. RFC 8461 §3.1, RFC 8460 §3.
void lint_transport(LintDesk& desk);

/// Whether those who would get the domain's reports take them. RFC 7489 §7.1.
void lint_destinations(LintDesk& desk, const DmarcRecord& record);

}  // namespace ph::mailauth
