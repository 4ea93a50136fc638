#include "intake/kept_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "mailauth/results.h"
#include "message/header.h"

namespace ph::intake {

std::size_t body_offset(std::string_view whole) {
  return static_cast<std::size_t>(message::parse_header(whole).body());
}

bool may_be_mbox_line(std::string_view beginning) {
  return std::ranges::any_of(
      std::array<std::string_view, 2>{"From ", ">From "}, [&](std::string_view line) {
        const auto octets = std::min(line.size(), beginning.size());
        return octets > 0 && line.substr(0, octets) == beginning.substr(0, octets);
      });
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
  const auto changed = [&kept](std::string_view how) {
    if (!kept.changes.empty()) kept.changes += "; ";
    kept.changes += how;
  };
  std::size_t at = 0;
  if (has(HeaderOddity::mbox_from)) {
    at = std::min(header.find('\n'), header.size() - 1) + 1;
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
