// Characters that HTML has names or numbers for.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ph::message {

/// Octets of a character reference that are looked at.
inline constexpr std::size_t kHtmlEntityOctetsMax = 32;

enum class HtmlPlace { text, attribute };

/// Decodes the character reference that `html` begins with ("&amp;", "&#228;", "&#xe4;").
///
///   out      gets the character as UTF-8; what names none becomes U+FFFD, and the numbers 128 to
///            159 are windows-1252's
///   returns  octets of the reference; 0 when there is none: "&" is itself. The old names do
///            without ";" (in an attribute only where no letter, digit or "=" follows, so that
///            URLs stay whole). Names of HTML 4, and the newer ones that mail has
std::size_t decode_html_entity(std::string_view html, HtmlPlace place, std::string& out);

/// All of `html` with its references decoded. O(octets).
std::string decode_html_entities(std::string_view html, HtmlPlace place);

}  // namespace ph::message
