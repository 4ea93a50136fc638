// A message's journey, from its header alone: which hosts it passed, when, how, what to believe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "message/auth_fields.h"
#include "message/field_values.h"
#include "message/header.h"
#include "message/provider_facts.h"
#include "message/received_parse.h"

namespace ph::explain {

inline constexpr std::size_t kJourneyHopsMax = 200;  // Received fields; a loop shows long before
inline constexpr std::size_t kJourneyFindingsMax = 100;  // further ones are left out
inline constexpr std::size_t kJourneyFieldsMax =
    100;  // of each kind beside Received, that are read
/// Two clocks that differ by so much are right: headers count whole seconds.
inline constexpr std::chrono::seconds kClockJitterMax = std::chrono::seconds(2);

enum class Severity : std::uint8_t {
  note,   // worth knowing, and common in honest mail
  odd,    // does not fit; honest mail does it at times
  wrong,  // cannot be as it is written
};
std::string_view to_string(Severity severity);

struct JourneyFinding {
  Severity severity = Severity::note;
  std::string_view code;  // from a fixed list, docs/cli.md; "clock-ahead", "by-from-mismatch", ...
  std::string text;       // for people; holds what strangers wrote
  std::optional<std::size_t> hop;  // index in Journey::hops
};

struct JourneyHop {
  message::ReceivedLine line;
  std::uint64_t offset = 0;  // of its field in the header
  std::optional<Wall> at;    // by the clock of the host that wrote it
  /// When it was by the clock that is believed: that of the last host. nullopt without a date.
  std::optional<Wall> corrected;
  /// How far its clock is ahead (behind: negative), as far as that shows; 0 for a clock that is
  /// right or that nothing contradicts.
  std::chrono::milliseconds clock_ahead{};
  /// Since the hop before (since the Date field for the first), between corrected times: >= 0.
  std::optional<std::chrono::milliseconds> delay;
  /// The same between times as written; may be negative.
  std::optional<std::chrono::milliseconds> delay_as_written;
  bool slow = false;     // the longest delay of all, and at least 10 s
  bool trusted = false;  // written by the receiving side itself
};

/// An Authentication-Results or ARC-Authentication-Results field.
struct AuthRecord {
  message::AuthResults results;
  bool trusted = false;  // stands above the lines of strangers, and names the receiving side
};

struct Signature {
  std::string domain, selector, algorithm, identity;
  std::vector<std::string> fields;  // of the h tag
};

struct Delivery {
  std::vector<std::string> delivered_to;  // last first, as they stand
  std::vector<std::string>
      original_to;  // X-Original-To, Envelope-To, X-Envelope-To, X-Delivered-To
  std::optional<std::string> return_path;  // "" is the null path: a report, not to be answered
};

struct Journey {
  std::string subject, message_id;
  std::vector<std::string> from;  // addresses of From
  std::optional<message::DateReading> date;
  std::vector<JourneyHop> hops;  // in order of travel
  /// The first hop (in order of travel) that the receiving side itself wrote: what it says of its
  /// client can be believed, what came before was in the hands of others. nullopt without hops.
  std::optional<std::size_t> last_trusted;
  std::string trust_reason;
  std::optional<std::chrono::milliseconds> total;  // from the first to the last corrected time
  std::vector<AuthRecord> auth;
  std::vector<message::ReceivedSpf> spf;
  std::vector<Signature> signatures;
  std::vector<message::ArcSet> arc;
  Delivery delivery;
  std::vector<message::ProviderFact> facts;
  std::vector<JourneyFinding> findings;
};

struct JourneyQuestion {
  std::optional<Wall> now;  // times behind it are impossible; not looked at when absent
  /// Domains of the receiving side, beside those that the header shows. In lower case.
  std::vector<std::string> own_domains;
};

/// Reads the journey from a message's top-level fields (message::parse_header).
///   fails  never: a header without any Received field has a journey without hops, and a finding
///   cost   O(octets of the fields) + O(hops²), hops <= kJourneyHopsMax
Journey trace(std::span<const message::Field> fields, const JourneyQuestion& question);

/// The domain that somebody registers, as a guess without the public suffix list: two labels, three
/// below "co.uk" and its like. "" for IP addresses and names without a dot. In lower case.
std::string organization_of(std::string_view host);

/// True for addresses that no packet on the Internet comes from: private, loopback, link-local,
/// shared (RFC 1918, RFC 4193, RFC 6598, RFC 6890). `ip` as format_ip() writes it.
bool is_inside_ip(std::string_view ip);

}  // namespace ph::explain
