// The attributes of one HTML tag.
#pragma once

#include <string>
#include <string_view>

namespace ph::message {

/// White space as HTML has it.
constexpr bool is_html_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// The value of an attribute, its entities decoded; "" when there is none.
///
///   attributes  what stands in a tag behind its name, without the ">"
///   name        in lower case; case does not matter
///   cost        O(octets)
///
/// A quote that nothing closes is passed over, and the value ends at the next white space.
std::string html_attribute(std::string_view attributes, std::string_view name);

}  // namespace ph::message
