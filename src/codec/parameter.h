// Parameters of Content-Type, Content-Disposition and the like: pieces put together, charsets and
// languages. RFC 2231.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ph::codec {

/// A parameter with its name and value fits such a line; RFC 2045 §6.7 has 76 for all of MIME.
inline constexpr std::size_t kParameterLineOctetsMax = 76;
/// Pieces of one value: names with a larger number are no pieces.
inline constexpr std::size_t kParameterPiecesMax = 1000;

/// As it stands in the header: "filename*0*" and its value without quotes and their backslashes.
struct RawParameter {
  std::string_view name, value;
};

/// As it is meant.
struct Parameter {
  std::string name;               // lower case, without "*"
  std::string value;              // UTF-8
  std::string charset, language;  // as claimed; "" if not
  /// Pieces were missing, doubled or not in their form, escapes broken, octets above 127 raw, or
  /// encoded words where RFC 2047 §5 forbids them.
  bool is_faulty = false;
  bool operator==(const Parameter&) const = default;
};

/// The parameters of a field, each name once, in the order in which the names come first.
///
///   raw      in the order of the header
///   returns  pieces in the order of their numbers, wherever they stand; of those that are missing,
///            nothing. If a name has several values, the one in the form of RFC 2231 counts, and of
///            two in one form the first. Octets of all pieces are decoded as one text in the
///            claimed charset (charset.h); a value without it is decoded as header text
///            (encoded_word.h), because many programs write encoded words there
///   cost     O(n log n) of parameters, O(octets)
std::vector<Parameter> join_parameters(std::span<const RawParameter> raw);

/// A parameter as it is to stand in a header.
///
///   value    UTF-8 (what is none becomes U+FFFD)
///   returns  one or more pieces without ";" and white space, each short enough for a line that it
///            begins with one space and ends with ";": `name=token`, `name="quoted"`, or, for a
///            value outside ASCII or with control characters, `name*=utf-8''percent`; long values
///            as `name*0`, `name*1` and so on. Line ends and NUL are encoded, too
std::vector<std::string> encode_parameter(std::string_view name, std::string_view value);

}  // namespace ph::codec
