// What is in a part: its octets, its text, its name; and which parts are what a person reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/stream.h"
#include "message/mime_tree.h"

namespace ph::message {

/// A safe file name has at most so many octets: as ext4 and NTFS allow, and some room for a suffix.
inline constexpr std::size_t kSafeNameOctetsMax = 200;

/// Octets of an encoded body that are decoded in one go: what a reader of a large part sees at a
/// time.
inline constexpr std::size_t kDecodedPieceOctetsMax = 64 << 10;

/// A decoder for a body. Bodies that are not encoded, or in a way that is not known, come out as
/// they are.
std::unique_ptr<codec::Stream> body_decoder(TransferEncoding encoding);

/// The octets of a part, decoded, in pieces.
///
///   next    appends the next piece to `out`; false when there was none left
///   faults  what did not fit the encoding so far; offsets count from the body's beginning
///   cost    what the codec costs; kDecodedPieceOctetsMax of memory, however large the part
class BodyReader {
 public:
  BodyReader(const MimeTree& tree, const MimePart& part);
  bool next(std::string& out);
  const codec::Faults& faults() const { return decoder_->faults(); }

 private:
  std::string_view left_;
  std::unique_ptr<codec::Stream> decoder_;
  bool finished_ = false;
};

/// All of it at once. A body that is not encoded costs a copy: body_of() is the view.
std::string decoded_body(const MimeTree& tree, const MimePart& part);

/// A text part as people read it.
struct PartText {
  std::string text;          // UTF-8; line ends as they were
  std::string charset;       // what it was read as
  bool is_guess = false;     // the part did not say, or said what it is not
  std::uint64_t faults = 0;  // of transfer encoding and charset together
};

/// Whether the lines of a text with format=flowed stay as they were sent, or become paragraphs.
/// RFC 3676 §4.
enum class TextLines : std::uint8_t { as_sent, joined };

/// Of a part that claims no charset, or one that nobody knows: UTF-16 if it begins with that byte
/// order mark, what HTML claims in itself (html_charset.h), UTF-8 if it is that, else windows-1252
/// (codec/charset.h). RFC 2046 §4.1.2. O(octets).
PartText decoded_text(const MimeTree& tree, const MimePart& part,
                      TextLines lines = TextLines::as_sent);

enum class Disposition : std::uint8_t { none, shown, attached, other };

/// Content-Disposition's first word: "inline" is shown, "attachment" attached. RFC 2183 §2.
Disposition disposition_of(const MimePart& part);

/// The name that the sender gave to a part: filename of Content-Disposition, else name of
/// Content-Type, in every form that mail has them in (codec/parameter.h: RFC 2231, encoded words in
/// quotes, raw octets). UTF-8; "" when there is none. Not safe as a file name. RFC 2183 §2.3.
std::string part_name(const MimePart& part);

/// A name under which a part can be stored, whatever its sender meant to reach with it: without
/// folders, control characters, those that turn the direction of writing, and those that Windows
/// forbids; no dot first, no dot or blank last, no device's name; at most kSafeNameOctetsMax octets
/// with its extension kept. "" for "" and what nothing is left of.
std::string safe_file_name(std::string_view name);

/// Which parts are what a person reads, and which are attachments: indices into tree.parts().
struct ReadableParts {
  std::vector<std::uint32_t> text;         // to read where text is wanted
  std::vector<std::uint32_t> html;         // to read where HTML is wanted
  std::vector<std::uint32_t> attachments;  // all else that is no multipart
};

/// RFC 8621 §4.1.4 (textBody, htmlBody, attachments). Parts of a message inside the message are not
/// in it: that one is an attachment. O(parts).
ReadableParts readable_parts(const MimeTree& tree);

}  // namespace ph::message
