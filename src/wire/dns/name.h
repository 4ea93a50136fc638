// Domain names between text and their form in DNS messages.
//
// Text is what people write: labels joined by dots; a dot or backslash inside a label as \. and \\,
// an octet that is no printable ASCII as \DDD in decimal (RFC 1035 §5.1). The root is ".".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::dns {

/// RFC 1035 §2.3.4: a name on the wire, with its length octets and the root's.
inline constexpr std::size_t kNameOctetsMax = 255;
inline constexpr std::size_t kNameLabelOctetsMax = 63;

/// Text to wire form, without compression; case is kept. The final dot may be left out.
/// malformed: empty, an empty label, a broken escape; over_limit: a label or the whole too long.
Result<std::string> encode_name(std::string_view text);

/// Takes an uncompressed name off the front of `wire` and gives its text, in lower case and without
/// the final dot. malformed: cut short, or a compression pointer (RFC 1035 §4.1.4), which has no
/// meaning outside its message; over_limit: longer than a name may be. Then `wire` is as before.
/// For each text `t` with encode_name(t), take_name() of it gives `t` in one form.
Result<std::string> take_name(std::string_view& wire);

/// The one form of a name in text: lower case, no final dot, no needless escapes.
Result<std::string> normal_name(std::string_view text);

}  // namespace ph::dns
