// Base 32 for ids: lower case, without the letters that people misread, and in order.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::codec {

/// Octets in base 32, most significant bit first, no padding, with the alphabet
/// "0123456789abcdefghjkmnpqrstvwxyz" (no i, l, o, u). 16 octets become 26 characters.
///
/// The alphabet ascends in ASCII, so encodings compare as the octets do: an id that starts with a
/// time sorts by it. RFC 4648 §6 has another alphabet whose order is not that of the octets.
std::string encode_base32(std::string_view octets);

/// The inverse, strict: each value has exactly one encoding.
/// malformed: another character (upper case too), a length that no encoding has, spare bits set.
Result<std::string> decode_base32(std::string_view text);

}  // namespace ph::codec
