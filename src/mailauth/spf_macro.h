// What stands in the place of an SPF macro, and words for its results. RFC 7208 §7.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mailauth/spf.h"

namespace ph::mailauth {

/// What the macros' letters stand for. Views into the check that expands.
struct SpfMacroValues {
  const SpfQuery& query;
  const std::string& ip;  // octets
  const std::string& local;
  const std::string& sender_domain;
  const std::string& domain;
  std::string client_name;  // %{p}
};

/// True if a macro-string has a macro of this letter, in either case.
bool uses_macro(std::string_view text, char letter);
/// Expands a macro-string, or an explain-string, which parse_spf_record() or is_explanation() took.
std::string expand_spf(std::string_view text, const SpfMacroValues& values);
/// Without labels at the front until it has 253 octets. RFC 7208 §7.3.
std::string shortened_spf_domain(std::string domain);
/// True if it is an explain-string: macros, spaces and printable ASCII. RFC 7208 §6.2.
bool is_explanation(std::string_view text);

/// A domain as the DNS is asked for it: each octet for itself, also a backslash. nullopt: an empty
/// or too long label, or too long.
std::optional<std::string> spf_name(std::string_view domain);
/// "1.2.0.192.in-addr.arpa", RFC 1035 §3.5, RFC 3596 §2.5.
std::string reverse_name(std::string_view ip);
/// True if the first `prefix` bits of two addresses, as octets, are the same.
bool in_network(std::string_view ip, std::string_view network, unsigned prefix);
/// Without regard to case and final dots.
bool is_at_or_below(std::string_view name, std::string_view domain);

/// One sentence each for an outcome that was reached.
std::string why_of(const SpfOutcome& outcome, const SpfQuery& query);
std::string fix_of(const SpfOutcome& outcome, const SpfQuery& query);

}  // namespace ph::mailauth
