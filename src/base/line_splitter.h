// Cuts an incoming stream into lines for the protocols that talk in lines (SMTP, POP3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ph {

/// Finds the next line at the front of a connection's unread input. One splitter per connection.
///
///   in   input       everything received and not yet consumed, borrowed for this call
///        octets_max  longest line that is taken, its CRLF included; >= 2; may differ in each call
///   out  consumed    octets to drop from the front of the input before the next call
///        what, text  see What
///   cost O(octets not seen before), no allocation
///
/// Only CRLF ends a line. A line that is too long or has a CR or LF alone is reported once, as soon
/// as that is seen (the peer may wait for our answer and never send the CRLF), and what is left of
/// it up to its CRLF is dropped by the next calls: what follows a bare LF is never taken for a
/// command, so no two servers in a chain can disagree on where one began. RFC 5321 §2.3.8; RFC 1939
/// §3.
class LineSplitter {
 public:
  enum class What : std::uint8_t {
    line,           // `text` is the line without its CRLF; aliases `input`
    more,           // no whole line yet: receive, and ask again
    too_long,       // no CRLF within `octets_max`
    bare_line_end,  // CR without LF, or LF without CR
  };
  struct Step {
    What what;
    std::string_view text;
    std::size_t consumed;
    bool operator==(const Step&) const = default;
  };
  Step next(std::string_view input, std::size_t octets_max);

  /// Forgets the line under way: the input was thrown away (STARTTLS) or read by somebody else
  /// (DATA).
  void reset() { *this = LineSplitter(); }

 private:
  bool skipping_ = false;    // dropping the rest of a line that was reported as faulty
  std::size_t scanned_ = 0;  // octets at the front of the next input known to hold no line end
};

}  // namespace ph
