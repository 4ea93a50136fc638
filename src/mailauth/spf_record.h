// An SPF record as its grammar has it. RFC 7208 §4.6.1, §5, §6, §7.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ph::mailauth {

/// A record's text. RFC 7208 §3.4 wants 450; real ones reach some 4,000.
inline constexpr std::size_t kSpfRecordOctetsMax = 64 << 10;
/// A domain in a record, with its macros: what is made of it has 253 octets at most (§7.3).
inline constexpr std::size_t kSpfDomainSpecOctetsMax = 512;
/// Of a term that is wrong, in the text that says so.
inline constexpr std::size_t kSpfToldOctetsMax = 64;

enum class SpfResult : std::uint8_t {
  none,
  neutral,
  pass,
  fail,
  softfail,
  temperror,
  permerror,
};
/// "none", "permerror": RFC 7208 §2.6.
std::string_view to_string(SpfResult result);

enum class SpfMechanism : std::uint8_t { all, include, a, mx, ptr, ip4, ip6, exists };

struct SpfDirective {
  SpfMechanism mechanism = SpfMechanism::all;
  SpfResult qualifier = SpfResult::pass;  // pass, fail, softfail or neutral
  std::string domain;                     // domain-spec with its macros; "": none was given
  std::string network;                    // ip4, ip6: 4 or 16 octets
  unsigned prefix4 = 32, prefix6 = 128;   // CIDR lengths in bits
  std::string text;                       // as it stands in the record
  std::size_t offset = 0;                 // there
  bool operator==(const SpfDirective&) const = default;
};

struct SpfRecord {
  std::vector<SpfDirective> directives;
  std::optional<std::string> redirect, exp;  // domain-specs
  std::vector<std::string> unknown;          // names of other modifiers, which have no effect
  bool operator==(const SpfRecord&) const = default;
};

/// True if a TXT record is one of SPF: "v=spf1" alone, or before a space. RFC 7208 §4.5.
bool is_spf_record(std::string_view text);

/// Reads all of a record, as §4.6 wants it before anything of it has effect.
/// malformed: what is wrong; the detail is "TERM at octet N". over_limit: kSpfRecordOctetsMax.
Result<SpfRecord> parse_spf_record(std::string_view text);

/// Takes one macro-expand ("%{ir}", "%%") off the front of `text`; the rest of a macro-string is
/// literal. RFC 7208 §7.1.
struct SpfMacro {
  char letter = 0;         // lower case: s l o d i p h c r t v; '%', '_' or '-' for the short forms
  bool url = false;        // the letter was upper case: the value is URL-escaped
  unsigned keep = 0;       // right-most parts to keep; 0: all
  bool reverse = false;    // parts in reverse order
  std::string delimiters;  // where the value is split; never empty
};
/// malformed: no macro of the grammar.
Result<SpfMacro> take_spf_macro(std::string_view& text);

}  // namespace ph::mailauth
