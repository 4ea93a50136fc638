// The body half of builder.h. Not for other rooms.
#pragma once

#include "message/builder.h"

namespace ph::message {

/// A part's own fields and its body, both ending with CRLF; the body may be empty.
struct BuiltPart {
  std::string fields, body;
  bool eight_bit = false, binary = false;  // what carries it must be able to do
};
Result<BuiltPart> build_part(const BuildPart& part, Carry carry, std::string_view boundary);

/// "x/y" of tokens; RFC 2045 §5.1.
bool is_media_type(std::string_view type);
/// What a message identifier may hold without <>. RFC 5322 §3.6.4, as octets that break nothing.
bool is_identifier(std::string_view id);

}  // namespace ph::message
