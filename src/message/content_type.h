// The fields that say what a body is: Content-Type, Content-Disposition and
// Content-Transfer-Encoding, as real mail writes them. RFC 2045 §5, §6; RFC 2183 §2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/parameter.h"

namespace ph::message {

inline constexpr std::size_t kBoundaryOctetsMax = 256;  // RFC 2046 §5.1.1 allows 70

/// Parameters of one field that are listed; further ones are passed over. RFC 2231 §3 makes several
/// of one.
inline constexpr std::size_t kContentParametersMax = 128;

/// `type/subtype; name=value; ...` as it is written. Everything aliases the value that was read.
struct ContentValue {
  struct Parameter {
    std::string_view name;
    std::string_view value;   // without the quotes around it; what they escape is escaped
    bool is_escaped = false;  // it has backslashes or line ends that quoting or folding left in it
  };
  std::string_view type, subtype;  // as written; of Content-Disposition there is no subtype
  std::vector<Parameter> parameters;

  /// nullptr when there is none of that name; compares without case. RFC 2231's forms have names of
  /// their own here ("name*0").
  const Parameter* find(std::string_view name) const;
};

/// Reads the value of a Content-Type, a Content-Disposition, or any field of their form.
///
///   value  may be folded
///   out    is replaced, its memory used again. `type` is empty when nothing begins the value;
///          `subtype` when no "/" follows, or nothing behind it
///   fails  never. Tolerant: comments anywhere; ";" missing or doubled; junk between parameters is
///          passed over; a quote that is not closed ends with the value; a value without quotes
///          ends at ";" or white space, but in `name` and `filename` only at the next parameter
///          (file names have blanks); values without anything in them are no parameters
///   cost   O(octets)
void parse_content_value(std::string_view value, ContentValue& out);

/// The value as it is meant: escapes taken away (RFC 5322 §3.2.4), unfolded.
std::string unquoted(const ContentValue::Parameter& parameter);

/// All of them with RFC 2231's pieces put together, in UTF-8: what codec::join_parameters() says.
std::vector<codec::Parameter> joined_parameters(const ContentValue& value);

/// In lower case; both empty when the field makes no sense (RFC 2045 §5.2: read as text/plain).
struct ContentType {
  std::string type, subtype;
  /// Of a multipart, without quotes and trailing blanks; "" when there is none, or it is longer
  /// than kBoundaryOctetsMax.
  std::string boundary;
  bool operator==(const ContentType&) const = default;
};

/// What parse_content_value() read, as far as structure hangs on it. Of parameters of one name the
/// first counts. Continued parameters (RFC 2231) are not put together.
ContentType content_type(const ContentValue& value);
ContentType parse_content_type(std::string_view value);

enum class TransferEncoding : std::uint8_t {
  seven_bit,
  eight_bit,
  binary,
  quoted_printable,
  base64,
  uuencode,  // x-uuencode and its like: none of RFC 2045's
  other,
};

/// Reads a field's value. Nothing at all counts as 7bit, "7-bit" and "8-bit" as what they mean;
/// quotes around the word, and what follows a ";", are passed over. RFC 2045 §6.1.
TransferEncoding parse_transfer_encoding(std::string_view value);

}  // namespace ph::message
