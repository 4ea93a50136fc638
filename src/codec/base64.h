// Base 64 as RFC 4648 §4 defines it, for SASL exchanges and stored verifiers. MIME bodies, which
// tolerate line breaks and noise, are not decoded with this.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::codec {

/// With padding, without line breaks. O(octets), one allocation.
std::string encode_base64(std::string_view octets);

/// The inverse, strict: each value has exactly one encoding (RFC 4648 §3.3, §3.5).
/// malformed: a character outside the alphabet (white space too), padding missing or not at the
/// end, spare bits set.
Result<std::string> decode_base64(std::string_view text);

}  // namespace ph::codec
