// Writes messages: a header folded and encoded as the standards want it, a tree of parts.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "message/address_list.h"

namespace ph::message {

inline constexpr std::size_t kBuildDepthMax = 16;     // multiparts, each inside another
inline constexpr std::size_t kBuildPartsMax = 1000;   // of one message, at any depth
inline constexpr std::size_t kBuildFieldsMax = 1000;  // beside those that have their own place
inline constexpr std::size_t kBuildBoundaryOctetsMax = 40;  // of the part that the caller gives

/// What the way can carry. RFC 2045 §2.7 to §2.9.
enum class Carry : std::uint8_t { seven_bit, eight_bit, binary };

/// One part and what is in it. Made by the functions below, or by hand.
struct BuildPart {
  std::string type = "text/plain";  // without parameters; "multipart/x" for a tree
  /// Beside those that are written anyway: charset of a text, name, boundary, type of a related.
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string content;      // of text/*: UTF-8, any line ends; else octets; unused for a multipart
  std::string file_name;    // UTF-8; "" for none
  bool attachment = false;  // Content-Disposition: attachment; with a name and without: inline
  std::string content_id;   // without <>
  std::vector<BuildPart> parts;
};

BuildPart text_part(std::string utf8);
BuildPart html_part(std::string utf8);
BuildPart attachment(std::string type, std::string file_name, std::string octets);
/// An image or the like that the HTML beside it shows as "cid:CONTENT_ID".
BuildPart inline_part(std::string type, std::string content_id, std::string octets);
/// Same content, best last (RFC 2046 §5.1.4); root first (RFC 2387); one after the other (§5.1.3).
BuildPart alternative(std::vector<BuildPart> parts);
BuildPart related(std::vector<BuildPart> parts);
BuildPart mixed(std::vector<BuildPart> parts);

struct BuildMessage {
  Wall date{};
  std::chrono::minutes zone{};
  std::vector<Mailbox> from, reply_to, to, cc;       // name, local and domain are used
  std::string subject;                               // UTF-8
  std::string message_id;                            // without <>; "" writes none
  std::vector<std::string> in_reply_to, references;  // without <>
  /// Further unstructured fields in order: name, UTF-8 value. None of those above, no Content-*.
  std::vector<std::pair<std::string, std::string>> fields;
  BuildPart body;
  /// Makes boundaries that are nobody else's: letters and digits, of the caller's random numbers.
  std::string boundary;
};

/// The message in octets, with CRLF.
///
///   carry   what the way can carry; seven_bit for mail to anybody
///   out     lines of at most 998 octets (78 where the content allows it); no blank at the end of a
///           line, no CR or LF alone, no "From " or "." where a relay could change it: what a relay
///           passes on is what a signature was made over. RFC 5322 §2.1.1, RFC 2045 §6.7, §6.8
///           Not looked at for that: lines of a message inside (RFC 2046 §5.2.1 forbids to encode
///           it), and what is binary. Texts and messages inside get CRLF for each line end, and one
///           behind the last line. parse_header(), parse_address_list(), parse_mime() and
///           content.h read from it what went in; control characters in header texts become blanks,
///           octets that are no UTF-8 become U+FFFD
///   fails   malformed: no From, an address that parse_address() refuses or that needs SMTPUTF8
///           (RFC 6531), a field name, type, parameter name or identifier that is none, a field or
///           parameter that would come twice, a message inside that this way cannot carry.
///           over_limit: kBuild...Max, and what our own readers would not take: kHeaderOctetsMax,
///           kMailboxesMax, kListItemsMax, kContentParametersMax pieces of a name
///   cost    O(octets) for each level of depth
Result<std::string> build(const BuildMessage& message, Carry carry);

/// A mailbox as it stands in a header: `"Doe, John" <jdoe@x.test>`, encoded words where the name
/// needs them. RFC 5322 §3.4, RFC 2047 §5 (3).
///   column  octets that stand on the line already
///   returns folded lines; it begins with CRLF and a blank where it fits no line that is begun
std::string format_mailbox(const Mailbox& mailbox, std::size_t column);

}  // namespace ph::message
