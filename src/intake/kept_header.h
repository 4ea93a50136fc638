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

/// True while a message that begins so may have a line of mbox on top, which no field may stand
/// above: it would end the header.
bool may_be_mbox_line(std::string_view beginning);

struct KeptHeader {
  std::string octets;
  std::string changes;  // for people; "": it is kept as it came
  bool whole = true;    // false: there are more fields than are read, forged ones perhaps
};

/// What is kept of a header, for `hostname`:
///
///   without the fields in which a sender vouches for himself, Authentication-Results that claim to
///   be ours (RFC 8601 §5) and kVerdictField; without a line of mbox on top; and, where a body
///   follows without an empty line before it, with one. There readers differ: some pass over a line
///   that is no field and take those behind it for fields of the header.
///
/// O(header).
KeptHeader kept_header(std::string_view header, bool has_body, std::string_view hostname);

}  // namespace ph::intake
