// xtext: text inside SMTP parameters. RFC 3461 §4.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::codec {

/// Every octet but the printable ASCII ones besides "+" and "=" becomes "+" and two upper case hex
/// digits. At most three times the octets.
///   keep_utf8  octets above 127 stay as they are: utf-8-addr-unitext of RFC 6533 §3
std::string encode_xtext(std::string_view octets, bool keep_utf8 = false);

/// The inverse. malformed: "=", a space, a control character, "+" without two upper case digits;
/// octets above 127 unless `keep_utf8`, which are not looked at.
Result<std::string> decode_xtext(std::string_view text, bool keep_utf8 = false);

}  // namespace ph::codec
