// Where a domain wants its aggregate reports, and whether those who would get them want that.
// RFC 7489 §6.2, §7.1; RFC 9990.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/dmarc.h"
#include "mailauth/lookups.h"
#include "message/address.h"

namespace ph::mailauth {

/// An address of rua=: "mailto:reports@example.test!10m".
struct DmarcReportUri {
  message::Address address;
  std::optional<std::uint64_t> octets_max;  // "!10m": of the message, as it is sent
  bool operator==(const DmarcReportUri&) const = default;
};

/// malformed: no mailto:, no address in it, or a limit that is no number with k, m, g or t.
Result<DmarcReportUri> parse_dmarc_report_uri(std::string_view uri);

struct DmarcDestination {
  enum class May : std::uint8_t {
    send,
    no,     // it is not to be used
    later,  // the DNS does not say now
  };
  std::string uri;  // as the record has it
  May may = May::no;
  DmarcReportUri to;  // send: another address than the record's where its host says so
  std::string why;    // no, later: one sentence
  bool operator==(const DmarcDestination&) const = default;
};

/// Asks each host outside the domain's organization, by the public suffix list, whether it takes
/// reports about the domain: without that, anybody could have a stranger's mailbox filled.
class DmarcDestinations {
 public:
  /// `suffixes` outlives the check.
  ///   domain  whose record it is, as the DNS knows it
  ///   uris    its rua=
  DmarcDestinations(std::string domain, std::vector<std::string> uris,
                    const PublicSuffixes& suffixes)
      : domain_(std::move(domain)), uris_(std::move(uris)), suffixes_(suffixes) {}
  /// One for each URI, in order; an address that comes twice counts once. nullopt: answers are
  /// missing, see class Lookups.
  std::optional<std::vector<DmarcDestination>> run(Lookups& lookups) const;

 private:
  std::optional<DmarcDestination> look_at(const std::string& uri, Lookups& lookups) const;
  std::string organization(const std::string& domain) const;

  std::string domain_;
  std::vector<std::string> uris_;
  const PublicSuffixes& suffixes_;
};

}  // namespace ph::mailauth
