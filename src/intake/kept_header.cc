#include "intake/kept_header.h"

#include <algorithm>

#include "mailauth/results.h"
#include "message/header.h"

namespace ph::intake {

std::size_t body_offset(std::string_view whole) {
  return static_cast<std::size_t>(message::parse_header(whole).body());
}

std::string without_forged(std::string_view header, std::string_view hostname) {
  const message::Header parsed = message::parse_header(header);
  std::vector<const message::Field*> out = mailauth::forged_results(parsed, hostname);
  for (const message::Field* field : parsed.all(kVerdictField)) out.push_back(field);
  std::ranges::sort(out, {}, &message::Field::offset);
  std::string kept;
  std::size_t at = 0;
  for (const message::Field* field : out) {
    const auto begin = static_cast<std::size_t>(field->offset);
    kept += header.substr(at, begin - at);
    at = begin + field->raw.size();
  }
  kept += header.substr(at);
  return kept;
}

}  // namespace ph::intake
