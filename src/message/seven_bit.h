// Makes a message fit for a server that takes 7 bits only: quoted-printable and base64 for what is
// not. Two passes over the stored octets: SevenBitScan finds what is to be done, SevenBitWriter
// does it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/base64.h"
#include "codec/quoted_printable.h"
#include "message/mime_limits.h"

namespace ph::message {

/// Octets of one part's header (or the message's).
inline constexpr std::size_t kMimeHeaderOctetsMax = 256 << 10;
inline constexpr std::size_t kMimeFieldOctetsMax = 8 << 10;  // of a MIME field that is understood
inline constexpr std::size_t kLineOctetsMax = 998;           // without CRLF; RFC 5322 §2.1.1

/// Why a message cannot be made fit. The first one met counts.
enum class SevenBitObstacle : std::uint8_t {
  none,
  header_octets,      // an octet above 127 in a header (that takes SMTPUTF8), or one that none has
  header_line,        // a header line over 998 octets with no place to fold it
  header_too_long,    // over kMimeHeaderOctetsMax or kMimeFieldOctetsMax, and 8-bit below it
  too_deep,           // over kMimeDepthMax, and 8-bit below it
  too_many_parts,     // over kMimePartsMax, and 8-bit in a later one
  message_fragment,   // 8-bit in message/partial or message/external-body (RFC 2046 §5.2.2)
  encoded_composite,  // 8-bit in a multipart or message that claims an encoding (RFC 2045 §6.4)
  no_boundary,        // 8-bit in a multipart that does not say where its parts begin
  unknown_encoding,   // 8-bit in a part with an encoding of its own (x-uuencode)
};

/// One sentence without a full stop, for events and notifications; "" for none.
std::string_view to_string(SevenBitObstacle obstacle);

/// What SevenBitScan found. A value: it may be kept and used for any number of writers.
struct SevenBitPlan {
  /// Octets [from, to) of the message become something else; what lies between edits stays.
  struct Edit {
    enum class What : std::uint8_t {
      replace,                // by `text`; from == to: inserted there
      quoted_printable,       // encoded
      base64,                 // encoded
      mend_quoted_printable,  // stray octets of an encoded body are escaped, long lines broken
      mend_base64,            // stray octets are dropped, long lines broken
      mask,  // of text that no reader shows (before and after the parts) "?" for what does not fit
    };
    std::uint64_t from, to;
    What what;
    std::string text;
    bool operator==(const Edit&) const = default;
  };

  SevenBitObstacle obstacle = SevenBitObstacle::none;
  bool eight_bit_header = false;  // an octet above 127 in the message's header or in a part's
  bool eight_bit_body = false;    // an octet above 127 anywhere else
  bool nul = false;               // a NUL anywhere
  bool long_lines = false;        // a line over 998 octets anywhere
  bool breaks_signature = false;  // something inside a multipart/signed is changed
  bool breaks_dkim = false;       // something is changed, and the message has a DKIM-Signature
  std::uint64_t octets = 0;       // of the message as it is
  std::vector<Edit> edits;        // ascending and apart; empty when there is an obstacle

  /// A SevenBitWriter gives 7-bit lines of at most 998 octets (the message itself when !needed()).
  bool possible() const { return obstacle == SevenBitObstacle::none; }
  /// The message is not fit as it is, but can be made so.
  bool needed() const { return !edits.empty(); }
  bool operator==(const SevenBitPlan&) const = default;
};

/// First pass. One scan per message.
///
///   feed    the message's octets in order, in any split, borrowed for the call
///   finish  no octets follow; feed() may not be called any more
///   cost    O(octets); memory: the open parts (kMimeDepthMax), the field under way, and some 200
///           octets for each part that is to be changed
///
/// Only CRLF ends a line; a CR or LF alone is an octet that 7-bit data may not have (RFC 2045
/// §2.7), as NUL is, and is encoded like octets above 127. A message or part is left byte for byte
/// unless it has such an octet or a line over 998 octets. What has: its body becomes
/// quoted-printable if it is text and at most a third of it needs escapes, else base64; its
/// Content-Transfer-Encoding is replaced or added, and that of what encloses it set to 7bit when it
/// was 8bit or binary (RFC 2045 §6.4); without Content-Type it becomes text/plain with charset
/// unknown-8bit (RFC 1428 §3). Encoded bodies that hold stray octets are mended. Header lines over
/// 998 octets are folded. multipart/signed is converted too, as RFC 6152 §3 demands.
class SevenBitScan {
 public:
  SevenBitScan();
  SevenBitScan(SevenBitScan&&) noexcept;
  SevenBitScan& operator=(SevenBitScan&&) noexcept;
  ~SevenBitScan();

  void feed(std::string_view chunk);
  SevenBitPlan finish();

 private:
  class Walk;
  std::unique_ptr<Walk> walk_;
};

/// Second pass. One writer per copy; the octets are those that were scanned.
///
///   feed    the next octets in any split; what they become is appended to `out`: at most 3 octets
///           for each, some line breaks, and the text of edits that begin
///   finish  no octets follow: appends what was held back
class SevenBitWriter {
 public:
  /// `plan.possible()`.
  explicit SevenBitWriter(SevenBitPlan plan);
  void feed(std::string_view chunk, std::string& out);
  void finish(std::string& out);

 private:
  using Edit = SevenBitPlan::Edit;
  void begin_due_edits(std::string& out);
  void convert(std::string_view octets, std::string& out);
  void end_edit(std::string& out);
  void mend(char c, std::string& out);
  void put_stray(char c, std::string& out);
  void put_fit(char c, std::string& out);
  void break_line(std::string_view line_end, std::string& out);

  SevenBitPlan plan_;
  std::size_t next_ = 0;  // edit that is under way (inside_) or comes next
  bool inside_ = false;
  std::uint64_t at_ = 0;  // octets taken
  codec::QuotedPrintableEncoder quoted_printable_{codec::QuotedPrintable::text};
  codec::Base64Encoder base64_;
  // Of an edit that mends:
  std::size_t column_ = 0;  // of the line under way
  int escape_ = 0;          // octets of an escape "=XX" that are still to come
  bool cr_ = false;         // held back
  bool broken_ = false;     // the line under way is one that we began
};

}  // namespace ph::message
