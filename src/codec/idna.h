// Internationalised domain names: labels in UTF-8 as the labels in ASCII that the DNS knows, and
// back.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ph::codec {

inline constexpr std::size_t kIdnaLabelOctetsMax = 63;    // RFC 1035 §2.3.4
inline constexpr std::size_t kIdnaDomainOctetsMax = 255;  // RFC 5321 §4.5.3.1.2

/// Of a name as typed, before it is mapped.
inline constexpr std::size_t kIdnaTypedOctetsMax = 1024;

/// Code points as Punycode, without "xn--". ASCII characters keep their case. RFC 3492 §6.3.
///   cost  O(n * distinct code points); callers bound n
/// over_limit: more than kIdnaDomainOctetsMax code points. malformed: not a Unicode scalar value.
Result<std::string> encode_punycode(std::u32string_view text);

/// The inverse. RFC 3492 §6.2.
/// malformed: no Punycode, or of something that is not Unicode. over_limit: longer than
/// kIdnaDomainOctetsMax.
Result<std::u32string> decode_punycode(std::string_view text);

/// A domain name as the DNS knows it: labels with characters outside ASCII become A-labels
/// ("bücher.example" is "xn--bcher-kva.example"), all letters of ASCII lower case. RFC 5891 §4.
/// malformed: an empty label; no UTF-8; in a label outside ASCII a hyphen at an end or at its third
/// and fourth place, an ASCII character that is no letter, digit, hyphen or underscore, or another
/// full stop (RFC 3490 §3.1) or control character. over_limit: a label or the domain is too long.
///
/// For names that programs hand over (the wire, files, the DNS): characters outside ASCII are taken
/// as they are, in Normalization Form C and lower case, as RFC 5891 §4.1 wants them; neither is
/// checked, so that a relay passes on what it was given. What people type goes through
/// to_ascii_typed_domain().
Result<std::string> to_ascii_domain(std::string_view domain);

/// A domain name as people read it: A-labels become UTF-8, if they are what to_ascii_domain() makes
/// of that; all else stays, with ASCII letters in lower case.
std::string to_unicode_domain(std::string_view domain);

/// A domain name as somebody typed it, as the DNS knows it: letters folded, half and full width,
/// compatibility forms and any full stop (U+3002, ...) mapped, Normalization Form C, a full stop
/// behind it dropped, A-labels checked. UTS #46, non-transitional ("straße" stays with its ß);
/// RFC 5891 §5 does so.
///
/// malformed, with what it is: an empty label, hyphens where none may be, a character that no
/// domain has, a label that begins with a combining mark, an A-label that is none, letters of both
/// directions mixed, a joiner out of place (RFC 5893 §2, RFC 5892 appendix A), no UTF-8.
/// over_limit: a label or the domain is too long.
/// The tables are ICU's; cost O(octets), up to kIdnaTypedOctetsMax of them.
Result<std::string> to_ascii_typed_domain(std::string_view domain);

/// The same name as people read it, in UTF-8. Fails as to_ascii_typed_domain() does.
Result<std::string> to_unicode_typed_domain(std::string_view domain);

/// The name that the DNS knows `domain` by, and that stands in records and signatures (RFC 8616
/// §5): A-labels, lower case. Two names are the same domain exactly if theirs are equal. A name
/// that has no A-labels comes back as it is, ASCII in lower case.
///   cost  O(octets); a name without UTF-8 and "xn--" is only copied
std::string dns_spelling(std::string_view domain);

/// May there be other ways to write it?
bool is_international(std::string_view domain);

/// The ways to write `domain` that mail and people use: itself, then its U-labels, then its
/// A-labels; each once.
std::vector<std::string> spellings(std::string_view domain);

}  // namespace ph::codec
