// Base 64 as RFC 4648 §4 defines it, for SASL exchanges and stored verifiers, and in lines for MIME
// bodies. Bodies of others, which have line breaks and noise, are not decoded with this.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ph::codec {

/// With padding, without line breaks. O(octets), one allocation.
std::string encode_base64(std::string_view octets);

/// The inverse, strict: each value has exactly one encoding (RFC 4648 §3.3, §3.5).
/// malformed: a character outside the alphabet (white space too), padding missing or not at the
/// end, spare bits set.
Result<std::string> decode_base64(std::string_view text);

/// Encodes a MIME body in lines of 76 characters. RFC 2045 §6.8.
///
///   encode  the next octets, in any split, appended to `out`
///   finish  no octets follow: appends what was held back; ready for the next body
///   out     CRLF between the lines, none behind the last
class Base64LineEncoder {
 public:
  void encode(std::string_view octets, std::string& out);
  void finish(std::string& out);

 private:
  std::string held_;        // octets of a line that is not full
  bool first_line_ = true;  // no CRLF before it
};

}  // namespace ph::codec
