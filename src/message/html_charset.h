// The charset that HTML says of itself.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ph::message {

/// Octets at the beginning of HTML in which it may name its charset. WHATWG's HTML standard has
/// 1024; programs that write mail put whole style sheets before it.
inline constexpr std::size_t kHtmlCharsetOctetsMax = 8 << 10;

/// What HTML claims to be written in: `<meta charset=...>`, or `<meta http-equiv=Content-Type
/// content="...; charset=...">`, the first that names a charset.
///
///   octets   the beginning of the HTML, not decoded; kHtmlCharsetOctetsMax of it are looked at
///   returns  the name as it stands there, which may be of no charset at all; "" when there is
///            none. UTF-16 and UTF-32 are "utf-8": the claim could not have been read
///   cost     O(octets looked at)
///
/// For HTML whose Content-Type has no charset: that one counts where it is known.
std::string html_charset(std::string_view octets);

}  // namespace ph::message
