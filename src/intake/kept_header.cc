#include "intake/kept_header.h"

#include <fmt/format.h>

#include <algorithm>

#include "mailauth/results.h"
#include "message/header.h"

namespace ph::intake {

std::size_t body_offset(std::string_view whole) {
  return static_cast<std::size_t>(message::parse_header(whole).body());
}

bool may_be_mbox_line(std::string_view beginning) {
  const auto begins = [beginning](std::string_view line) { return line.starts_with(beginning); };
  return message::mbox_octets(beginning) > 0 ||
         (!beginning.empty() && (begins("From ") || begins(">From ")));
}

KeptHeader kept_header(std::string_view header, bool has_body, std::string_view hostname) {
  using message::HeaderOddity;
  const message::Header parsed = message::parse_header(header);
  const auto has = [&parsed](HeaderOddity what) {
    return std::ranges::any_of(parsed.findings(), [what](const message::HeaderFinding& finding) {
      return finding.what == what;
    });
  };
  std::vector<const message::Field*> out = mailauth::forged_results(parsed, hostname);
  for (const message::Field* field : parsed.all(kVerdictField)) out.push_back(field);
  std::ranges::sort(out, {}, &message::Field::offset);
  KeptHeader kept;
  kept.whole = !has(HeaderOddity::too_many_fields) && !has(HeaderOddity::too_many_octets);
  const auto changed = [&kept](std::string_view how) {
    if (!kept.changes.empty()) kept.changes += "; ";
    kept.changes += how;
  };
  std::size_t at = 0;
  if (has(HeaderOddity::mbox_from)) {
    at = message::mbox_octets(header);
    changed("a line of mbox on top was left out");
  }
  for (const message::Field* field : out) {
    const auto begin = static_cast<std::size_t>(field->offset);
    kept.octets += header.substr(at, begin - at);
    at = begin + field->raw.size();
  }
  kept.octets += header.substr(at);
  if (!out.empty())
    changed(fmt::format("{} field(s) that only we may write were left out", out.size()));
  if (has_body && (header.empty() || has(HeaderOddity::no_empty_line))) {
    kept.octets += "\r\n";
    changed("the header ended at a line that is no field: an empty line was put before it");
  }
  return kept;
}

}  // namespace ph::intake
