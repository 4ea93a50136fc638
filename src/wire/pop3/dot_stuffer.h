// Messages inside multi-line replies: dots put in (server), dots taken out (client), and where TOP
// ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::pop3 {

/// Makes a message fit for a multi-line reply. One stuffer per message.
///
///   in   chunk  any split of the message
///   out         appended to: at most twice the octets of `chunk`
///   cost O(chunk)
///
/// RFC 1939 §3: a line that begins with a dot gets another one; after the last line ".CRLF"
/// follows. A message that does not end with CRLF gets one, or its last line would swallow the end.
/// After an LF alone a dot is doubled too (no such message is accepted, but one that is read by a
/// client which takes LF for a line end must not be cut short there).
class DotStuffer {
 public:
  void next(std::string_view chunk, std::string& out);
  /// The end of the message: the missing CRLF and the final ".CRLF".
  void finish(std::string& out);

 private:
  enum class At : std::uint8_t { line_start, after_bare_lf, text, text_cr };
  At at_ = At::line_start;
};

/// The way back. One per message.
///
///   in    chunk    any split of what follows the +OK line, borrowed for this call only
///   out   content  a view into `chunk`; all slices joined are the message
///         consumed >= 1 if chunk is not empty; what is left goes into the next call or, after
///         `end`,
///                  is the next reply
///   fails malformed: a line ".CR" that is not the end
class DotUnstuffer {
 public:
  struct Slice {
    std::string_view content;
    std::size_t consumed = 0;
    bool end = false;
  };
  Result<Slice> next(std::string_view chunk);

 private:
  enum class At : std::uint8_t { line_start, dot, dot_cr, text, end };
  At at_ = At::line_start;
};

/// How much of a message TOP shows: the header, the empty line, and so many lines of the body
/// (RFC 1939 §7). One per message.
class TopCutter {
 public:
  explicit TopCutter(std::uint32_t body_lines) : lines_left_(body_lines) {}
  /// The front of `chunk` that belongs to it; aliases `chunk`.
  std::string_view next(std::string_view chunk);
  /// Nothing more belongs to it: no need to read on.
  bool done() const { return in_body_ && lines_left_ == 0; }

 private:
  enum class Line : std::uint8_t { empty, cr, text };  // the header line under way, so far
  std::uint32_t lines_left_;
  bool in_body_ = false;
  Line line_ = Line::empty;
};

}  // namespace ph::pop3
