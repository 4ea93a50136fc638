// The parts of a message, where they lie and what they claim to be. RFC 2045, RFC 2046.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "message/content_type.h"
#include "message/header.h"

namespace ph::message {

/// Findings of one tree that are kept; further ones are counted.
inline constexpr std::size_t kMimeFindingsMax = 256;

enum class MimeOddity : std::uint8_t {
  no_boundary,         // a multipart without a boundary: read as one body. RFC 2046 §5.1.1
  boundary_unused,     // a multipart whose boundary never comes
  no_final_boundary,   // a multipart that ends with what is around it
  behind_final,        // its boundary comes again behind the final one: text that most pass over
  boundary_twice,      // a multipart with the boundary of one around it
  encoded_multipart,   // base64 or quoted-printable on a multipart: read as if not. RFC 2045 §6.4
  encoded_message,     // base64 or quoted-printable on a message: decoded. RFC 2046 §5.2.1
  type_unreadable,     // a Content-Type that makes no sense: read as text/plain. RFC 2045 §5.2
  type_twice,          // more than one Content-Type: the first counts
  encoding_unknown,    // a Content-Transfer-Encoding that is none: read as octets. RFC 2045 §6.4
  encoding_twice,      // more than one Content-Transfer-Encoding: the first counts
  header_without_end,  // a part's header ends without an empty line
  too_deep,            // kMimeDepthMax, kMimeEncodedDepthMax: read as one body
  too_many_parts,      // kMimePartsMax: what follows is not listed
};

struct MimeFinding {
  MimeOddity what;
  std::uint32_t part;    // index in parts()
  std::uint64_t offset;  // in octets_of() that part
  bool operator==(const MimeFinding&) const = default;
};

/// One part. Offsets are octets of the message, or of the encoded message around it, decoded:
/// MimeTree::octets_of(). Views alias these, and are "" where there is no field.
struct MimePart {
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  std::uint64_t header = 0;  // where its header begins
  std::uint64_t body = 0;    // where its body begins
  std::uint64_t end = 0;     // behind its body, without the line end that belongs to a boundary
  std::uint32_t parent = kNone;
  std::uint32_t last = 0;    // index behind its last descendant
  std::uint32_t number = 1;  // among its siblings
  std::uint32_t children = 0;
  std::uint16_t depth = 0;
  std::uint32_t source = 0;  // what its offsets count in: 0 the message, else a decoded copy
  TransferEncoding encoding = TransferEncoding::seven_bit;
  /// In lower case; what the place gives it if it claims nothing: text/plain, in a digest
  /// a message.
  std::string type, subtype;
  std::string charset;              // as claimed; "" if not
  std::string_view content_type;    // raw value of the first Content-Type
  std::string_view disposition;     // raw value of the first Content-Disposition
  std::string_view content_id;      // raw value of the first Content-ID
  std::string_view description;     // raw value of the first Content-Description
  std::string_view language;        // raw value of the first Content-Language
  std::string_view location;        // raw value of the first Content-Location
  std::string_view encoding_field;  // raw value of the first Content-Transfer-Encoding

  bool is(std::string_view t, std::string_view s) const { return type == t && subtype == s; }
  bool is_multipart() const { return type == "multipart"; }
  /// A message; its parts are listed below it, but for one that is encoded too often or too deep.
  bool is_message() const {
    return type == "message" && (subtype == "rfc822" || subtype == "global" || subtype == "news");
  }
  /// One that has to be decoded before it is one.
  bool is_encoded_message() const {
    return is_message() &&
           (encoding == TransferEncoding::base64 || encoding == TransferEncoding::quoted_printable);
  }
};

/// A message taken apart. Movable; views alias the octets that were read, and those that the tree
/// keeps: encoded messages inside the message, decoded.
class MimeTree {
 public:
  /// The message itself first, each part before those in it, siblings in order. Never empty.
  std::span<const MimePart> parts() const { return parts_; }
  const MimePart& root() const { return parts_.front(); }
  /// The message's own header.
  const Header& header() const { return header_; }
  std::span<const MimeFinding> findings() const { return findings_; }
  std::uint64_t findings_count() const { return findings_count_; }

  std::string_view octets() const { return octets_; }
  /// What the offsets of a part count in.
  std::string_view octets_of(const MimePart& part) const {
    return part.source == 0 ? octets_ : std::string_view(*decoded_[part.source - 1]);
  }
  std::string_view body_of(const MimePart& part) const {
    return octets_of(part).substr(part.body, part.end - part.body);
  }
  std::string_view header_of(const MimePart& part) const {
    return octets_of(part).substr(part.header, part.body - part.header);
  }
  /// Its number as IMAP counts, e.g. "1.2.1"; "TEXT" for a multipart that is all of a message, with
  /// the number of that message before it ("3.TEXT"). RFC 9051 §6.4.5.
  std::string section(std::uint32_t index) const;
  /// The inverse; kNone when there is none. Case does not matter.
  std::uint32_t find_section(std::string_view section) const;

 private:
  friend class MimeReader;
  std::string_view octets_;
  Header header_;
  std::vector<std::unique_ptr<const std::string>> decoded_;
  std::vector<MimePart> parts_;
  std::vector<MimeFinding> findings_;
  std::uint64_t findings_count_ = 0;
};

/// Messages inside the message with base64 or quoted-printable, which RFC 2046 §5.2.1 forbids and
/// some programs send: decoded and taken apart as people's readers do, or left as one body, as who
/// hands out parts as they stand in the message needs it (RFC 9051 §6.4.5).
enum class EncodedMessages : std::uint8_t { decoded, left };

/// Takes a message apart.
///
///   octets  borrowed: the tree aliases them
///   tree    is replaced, its memory used again
///   fails   never
///   cost    one pass over the octets for "\n--" (none at all outside multiparts), and the headers;
///           for a line that begins with "--" one comparison for each multipart that is open, at
///           most kMimeDepthMax. Some 300 octets of memory a part. A message that is encoded costs
///           its codec and a decoded copy, which the tree keeps: all copies together have at most
///           kMimeEncodedDepthMax times as many octets as the message
///
/// A boundary counts where it is a line, but for "--" and blanks behind it; the innermost open
/// multipart that it fits takes it, and every outer one ends what is inside it (RFC 2046 §5.1.2).
/// What MimePart::is_message() says is looked into. One that claims base64 and begins with a header
/// field is not encoded: its encoding is `other`. message/partial and message/external-body are
/// bodies.
void parse_mime(std::string_view octets, MimeTree& tree,
                EncodedMessages encoded = EncodedMessages::decoded);
inline MimeTree parse_mime(std::string_view octets,
                           EncodedMessages encoded = EncodedMessages::decoded) {
  MimeTree tree;
  parse_mime(octets, tree, encoded);
  return tree;
}

/// Line ends in `octets`, and one more if the last line has none: BODYSTRUCTURE's lines. RFC 9051
/// §7.5.2. O(octets).
std::uint64_t count_lines(std::string_view octets);

}  // namespace ph::message
