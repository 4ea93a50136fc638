// Another server's replies, as a client reads them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ph::smtp {

/// What is taken of one reply. RFC 5321 §4.5.3.1.5 lets a line have 512 octets; longer ones occur.
inline constexpr std::size_t kRemoteLineOctetsMax = 4096;  // with its line end
inline constexpr std::size_t kRemoteLinesMax = 256;
inline constexpr std::size_t kRemoteReplyOctetsMax = 64 << 10;

/// A reply as it came. Everything but `code` is the peer's text: for logs and people, after
/// escaping.
struct RemoteReply {
  int code = 0;                    // 200..599; RFC 5321 §4.2
  std::string enhanced;            // "5.1.1", or empty; RFC 2034 §3
  std::vector<std::string> lines;  // texts, without code and enhanced code; at least one
  std::string verbatim;            // all octets with their line ends
  bool positive() const { return code >= 200 && code < 400; }
  bool completed() const { return code >= 200 && code < 300; }
  bool operator==(const RemoteReply&) const = default;
};

/// Reads one reply after the other off a connection. One parser per connection.
///
///   in       input  any split, borrowed for this call
///   out      reply  nullopt: it goes on; the parser keeps what it has
///            consumed  octets used; all of them while no reply is whole
///   fails    malformed   not a code, or the codes of the lines differ (RFC 5321 §4.2.1)
///            over_limit  line, lines or reply too long. Final, as is malformed
///   cost     O(input); memory: the reply under way
///
/// LF ends a line as CRLF does: a reply begins nothing that could be smuggled.
class ReplyParser {
 public:
  struct Step {
    std::optional<RemoteReply> reply;
    std::size_t consumed = 0;
  };
  Result<Step> next(std::string_view input);

 private:
  Result<bool> take_line();

  RemoteReply reply_;
  std::string line_;  // the line under way
};

}  // namespace ph::smtp
