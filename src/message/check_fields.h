// What in single fields of a header breaks a standard: dates, addresses, identifiers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "message/header.h"

namespace ph::message {

inline constexpr std::size_t kFieldFindingsMax = 200;  // of one header; further ones are left out

/// One breach in one field.
struct FieldFinding {
  std::string_view id;      // "date-unusual": stays as it is, for programs
  std::string_view rfc;     // "RFC 5322 §3.3"
  std::string what;         // what breaks
  std::string_view effect;  // what readers make of it
  std::string field;        // its name, as it stands there
  std::uint64_t offset;     // in the message
};

/// Looks at the fields whose grammar RFC 5322 §3.6 gives. O(octets of the header).
std::vector<FieldFinding> check_fields(const Header& header);

}  // namespace ph::message
