// What in a message breaks a standard, where, and what comes of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "message/mime_tree.h"

namespace ph::message {

/// Findings of one message that are listed; further ones are counted.
inline constexpr std::size_t kCheckFindingsMax = 500;

/// One breach. Texts are fixed at compile time.
struct CheckFinding {
  std::string_view id;      // "no-final-boundary": stays as it is, for programs
  std::string_view rfc;     // "RFC 2046 §5.1.1"
  std::string_view what;    // what breaks
  std::string_view effect;  // what readers and relays make of it
  std::uint64_t offset;     // of the first place, in octets_of() the part
  std::uint64_t count;      // of such places; at least 1
  std::uint32_t part;       // index in the tree's parts
};

struct CheckResult {
  std::vector<CheckFinding> findings;  // by offset; those in encoded messages last
  std::uint64_t left_out = 0;          // over kCheckFindingsMax
};

/// Looks a message over, each octet of it: its header, its lines, its structure, and whether bodies
/// are what their encodings and charsets say. One finding for each kind and part.
///
///   cost   O(octets): some passes, and decoding of what is encoded; memory: a piece of a body
///
/// RFC 5322, RFC 2045, RFC 2046; not what single fields say (dates, addresses).
CheckResult check_message(const MimeTree& tree);

/// How findings of the tree and the header are told.
std::string_view id_of(MimeOddity oddity);
std::string_view id_of(HeaderOddity oddity);

}  // namespace ph::message
