// Content-Type and Content-Transfer-Encoding, as far as a message's structure hangs on them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ph::message {

inline constexpr std::size_t kBoundaryOctetsMax = 256;  // RFC 2046 §5.1.1 allows 70

/// In lower case; both empty when the field makes no sense (RFC 2045 §5.2: read as text/plain).
struct ContentType {
  std::string type, subtype;
  /// Of a multipart, without quotes and trailing blanks; "" when there is none, or it is longer
  /// than kBoundaryOctetsMax.
  std::string boundary;
  bool operator==(const ContentType&) const = default;
};

/// Reads a field's value (folded lines may be in it). Tolerant: a parameter's value that is no
/// token and has no quotes ends at ";" or white space; of parameters of one name the first counts.
/// RFC 2045 §5.1. Continued parameters (RFC 2231) are not put together.
ContentType parse_content_type(std::string_view value);

enum class TransferEncoding : std::uint8_t {
  seven_bit,
  eight_bit,
  binary,
  quoted_printable,
  base64,
  other,
};

/// Reads a field's value. Nothing at all counts as 7bit, "7-bit" and "8-bit" as what they mean.
/// RFC 2045 §6.1.
TransferEncoding parse_transfer_encoding(std::string_view value);

}  // namespace ph::message
