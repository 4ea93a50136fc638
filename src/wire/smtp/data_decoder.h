// The octets between 354 and the final dot: where the message ends, and what it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ph::smtp {

/// Longest line of a message, without its CRLF and transparency dot. RFC 5321 §4.5.3.1.6 asks for
/// 998 at least; real mail has longer ones, which are kept as they are.
inline constexpr std::size_t kDataLineOctetsMax = 64 << 10;

/// Recovers message content from the octets that follow a 354 reply. One decoder per DATA.
///
///   in   chunk     any split of the wire stream, borrowed for this call only
///   out  content   a view into `chunk` (no copy); all slices joined are the content, CRLF kept
///        consumed  octets used, >= 1 if chunk is not empty; pass the rest to the next call, or,
///                  after `end`, to the command parser: pipelined octets are never swallowed
///        end       the message is over; fault() says whether it may be kept
///   cost O(chunk), no allocation; one call per transparency dot
///
/// After a fault the rest is read and dropped (content is empty from then on), so that the reply
/// comes where the peer looks for it, after its final dot:
///   line_too_long  goes on as before; reply, and the next command may follow
///   bad_line_end   a CR or LF alone. From then on a dot between any two line ends is the end,
///   since
///                  a peer that ends lines with LF waits for us after LF.LF; the connection must be
///                  closed after the reply, so that nothing behind such an end is taken for a
///                  command
///
/// RFC 5321 §2.3.8 (CRLF is the only line end), §4.1.1.4 (end of data), §4.5.2 (transparency).
/// Why so strict: two servers that disagree on where a message ends let a sender smuggle a second
/// one between them (CVE-2023-51764 and its siblings).
class DataDecoder {
 public:
  enum class Fault : std::uint8_t { none, line_too_long, bad_line_end };
  struct Slice {
    std::span<const char> content;
    std::size_t consumed;
    bool end;
  };

  Slice next(std::span<const char> chunk);
  Fault fault() const { return fault_; }

 private:
  enum class At : std::uint8_t { line_start, dot, dot_cr, text, text_cr, end };

  std::size_t scan_text(std::span<const char> chunk, std::size_t from);
  Slice drop_to_end(std::span<const char> chunk, std::size_t from);

  At at_ = At::line_start;  // an empty message is a lone ".CRLF", so we begin at a line start
  Fault fault_ = Fault::none;
  std::size_t line_octets_ = 0;  // of the line under way
};

}  // namespace ph::smtp
