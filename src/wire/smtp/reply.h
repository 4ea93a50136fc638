// An SMTP reply. RFC 5321 §4.2, enhanced codes RFC 2034 and RFC 3463.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ph::smtp {

inline constexpr std::size_t kReplyLineOctetsMax = 512;  // with CRLF; RFC 5321 §4.5.3.1.5

/// code: 200..599. enhanced: "5.1.1", or empty where none may stand (220, 354, EHLO and HELO
/// replies, 334). text: lines separated by "\n", without code and CRLF, UTF-8; never user input
/// unescaped.
struct Reply {
  int code = 0;
  std::string enhanced;
  std::string text;
  bool operator==(const Reply&) const = default;
  bool positive() const { return code < 400; }
};

/// "250-2.1.0 a\r\n250 2.1.0 b\r\n". Every line carries the code (and the enhanced code); a text
/// line longer than kReplyLineOctetsMax is cut; control characters become "?".
std::string format_reply(const Reply& reply);

}  // namespace ph::smtp
