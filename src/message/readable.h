// Text of a header as people read it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ph::message {

/// `text` with U+FFFD for each octet that belongs to no character. RFC 3629 §4.
std::string valid_utf8(std::string_view text);

/// On one line, encoded words decoded (RFC 2047 §6.2), valid UTF-8: what an unstructured field says
/// (RFC 5322 §3.2.5).
///   text  may be folded; each fold, with the white space around it, becomes one blank, control
///         characters become blanks, blanks at both ends are cut
/// Octets outside ASCII that are not UTF-8 are read as Windows-1252, which most of them are.
std::string readable_text(std::string_view text);

/// Octets of the comment that `text` starts with, "(" to ")", nested ones and quoted pairs (RFC
/// 5322 §3.2.2); 0 when it starts with none, or with one that is not closed. O(octets looked at).
std::size_t comment_octets(std::string_view text);

/// Octets of the quoted string that `text` starts with, with its quotes; 0 as for a comment.
/// RFC 5322 §3.2.4.
std::size_t quoted_octets(std::string_view text);

/// What stands inside a quoted string or a comment (given without its quotes or parentheses):
/// backslashes resolved, each fold as one blank.
std::string unquoted(std::string_view inside);

}  // namespace ph::message
