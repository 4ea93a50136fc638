// A message on its way out, behind 354: the inverse of DataDecoder.
#pragma once

#include <string>
#include <string_view>

namespace ph::smtp {

/// Makes the octets that go to the peer. One encoder per DATA.
///
///   next    chunk: any split of the message. A CR or LF alone becomes CRLF, since only CRLF may be
///           sent (RFC 5321 §2.3.8); a dot at a line start is doubled (§4.5.2)
///   finish  the message is over: CRLF if its last line has none, and the final ".CRLF"
///   cost    O(chunk), one string of at most twice its octets + 2
class DataEncoder {
 public:
  std::string next(std::string_view chunk);
  std::string finish();

 private:
  bool line_start_ = true;
  bool after_cr_ = false;  // an LF that follows belongs to the CRLF that was written for it
};

}  // namespace ph::smtp
