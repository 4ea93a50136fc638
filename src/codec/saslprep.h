// Passwords and user names as SASL compares them: the same word, however it was typed. RFC 4013.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::codec {

inline constexpr std::size_t kSaslprepOctetsMax = 4096;

/// The text as mechanisms like SCRAM use it (RFC 5802 §2.2): compatibility forms and combining
/// marks composed (Unicode 3.2, NFKC), other blanks as a blank, what nobody sees left out.
/// Characters younger than Unicode 3.2 stay as they are, as in a query (RFC 3454 §7).
///   malformed   not UTF-8; a character that no password has; both directions mixed; nothing left
///   over_limit  kSaslprepOctetsMax, of the text or of what it becomes
Result<std::string> saslprep(std::string_view text);

}  // namespace ph::codec
