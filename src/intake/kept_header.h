// The header of a message on its way in, kept until it is whole, and what of it may not go on.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ph::intake {

/// What marks mail that a sender's policy wants apart. A sender's own is taken out.
inline constexpr std::string_view kVerdictField = "X-Posthouse-Verdict";

/// Stands above a message whose first line begins with a blank, and takes that line as its value:
/// else it would be a continuation of our last field.
inline constexpr std::string_view kFirstLineField = "X-Posthouse-First-Line";

/// The octets of `whole` behind which its body begins. O(whole).
std::size_t body_offset(std::string_view whole);

/// `header` without the fields in which a sender vouches for himself: Authentication-Results that
/// claim to be ours (RFC 8601 §5) and kVerdictField. O(header).
std::string without_forged(std::string_view header, std::string_view hostname);

}  // namespace ph::intake
