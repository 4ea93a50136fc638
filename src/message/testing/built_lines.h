// The lines of a built message, as relays see them: what each kind of way carries unchanged.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.h"
#include "message/builder.h"
#include "message/check.h"
#include "message/check_fields.h"
#include "message/mime_tree.h"
#include "message/seven_bit.h"

namespace ph::message::testing {

/// What is wrong with a line wherever it stands; "" for nothing. RFC 5322 §2.1.1, RFC 2045 §2.7,
/// §2.8.
inline std::string fault_of_line(std::string_view line, bool ascii) {
  if (line.size() > 998) return "is longer than 998 octets";
  if (!line.empty() && is_space(line.back())) return "has a blank at its end";
  if (line.starts_with("From ")) return "begins with From";
  if (line == ".") return "is a dot";
  for (const char c : line) {
    if (c == '\r' || c == '\n' || c == '\0') return "has CR, LF or NUL";
    if (ascii && static_cast<unsigned char>(c) > 0x7f) return "has an octet above 127";
  }
  return "";
}

/// True if a header line of more than 78 octets has a place, outside quotes and behind the field's
/// name, where it could have been folded.
inline bool is_foldable(std::string_view line) {
  std::size_t at = line.front() == ' ' ? 1 : line.find(": ") + 2;
  bool quoted = false;
  for (; at < line.size(); ++at) {
    if (line[at] == '\\') {
      ++at;
    } else if (line[at] == '"') {
      quoted = !quoted;
    } else if (line[at] == ' ' && !quoted) {
      return true;
    }
  }
  return false;
}

/// "" if each line of `octets` is fine; else which is not.
inline std::string fault_of_lines(std::string_view octets, bool ascii, bool header) {
  while (!octets.empty()) {
    const std::size_t end = octets.find("\r\n");
    if (end == octets.npos) return "the last line has no end";
    const std::string_view line = octets.substr(0, end);
    octets.remove_prefix(end + 2);
    if (std::string fault = fault_of_line(line, ascii || header); !fault.empty())
      return fmt::format("a line {}: {}", fault, line);
    if (header && line.size() > 78 && is_foldable(line))
      return fmt::format("a header line is not folded: {}", line);
  }
  return "";
}

/// Octets that the caller gave as lines of their own: a message inside, and what is binary.
inline bool is_as_given(const MimeTree& tree, const MimePart& part) {
  const bool inner = part.parent != MimePart::kNone && tree.parts()[part.parent].is_message();
  return inner || part.is_message() || part.encoding == TransferEncoding::binary;
}

/// Every line of the message; of what is as given only the headers above it.
inline std::string fault_of_all_lines(const MimeTree& tree, Carry carry) {
  const bool ascii = carry == Carry::seven_bit;
  bool all = true;
  for (const MimePart& part : tree.parts()) all = all && !is_as_given(tree, part);
  if (all) {
    std::string fault = fault_of_lines(tree.octets().substr(tree.root().body), ascii, false);
    if (!fault.empty()) return fault;
  }
  std::uint32_t next = 0;
  for (std::uint32_t i = 0; i < tree.parts().size(); ++i) {
    if (i < next) continue;  // inside a message inside
    const MimePart& part = tree.parts()[i];
    std::string fault = fault_of_lines(tree.header_of(part), true, true);
    if (fault.empty() && !part.is_multipart() && !is_as_given(tree, part))
      fault = fault_of_lines(tree.body_of(part), ascii, false);
    if (!fault.empty()) return fault;
    if (part.is_message()) next = part.last;
  }
  return "";
}

/// Boundaries stand where parts begin and end, and nowhere else; none begins as another does.
/// RFC 2046 §5.1.1.
inline std::string fault_of_boundaries(const MimeTree& tree) {
  std::vector<std::string> seen;
  for (std::uint32_t i = 0; i < tree.parts().size(); ++i) {
    const MimePart& part = tree.parts()[i];
    if (!part.is_multipart()) continue;
    const std::string boundary = parse_content_type(part.content_type).boundary;
    if (!boundary.starts_with("=_") || boundary.size() > 70) return "an odd boundary: " + boundary;
    for (const std::string& other : seen)
      if (other.starts_with(boundary) || boundary.starts_with(other))
        return "boundaries that begin alike: " + boundary + " " + other;
    seen.push_back(boundary);
    for (const MimePart& inner : tree.parts())
      if (inner.parent == i &&
          tree.octets().substr(inner.header, inner.end - inner.header).find(boundary) !=
              std::string_view::npos)
        return "a boundary inside a part: " + boundary;
  }
  return "";
}

/// What our own check finds; and what the conversion for 7-bit ways would change.
inline std::string fault_of_standards(const MimeTree& tree, Carry carry) {
  const bool inside =
      std::ranges::any_of(tree.parts(), [](const MimePart& part) { return part.is_message(); });
  if (!inside && carry != Carry::binary) {
    for (const CheckFinding& one : check_message(tree).findings)
      if (one.id != "no-message-id") return fmt::format("check_message: {}", one.id);
  }
  for (const FieldFinding& one : check_fields(tree.header()))
    if (one.id != "message-id-syntax")  // others' identifiers, which answers have to name
      return fmt::format("check_fields: {} {}: {}", one.id, one.field, one.what);
  if (carry != Carry::seven_bit) return "";
  SevenBitScan scan;
  scan.feed(tree.octets());
  const SevenBitPlan plan = scan.finish();
  return plan.possible() && !plan.needed() ? "" : "a 7-bit way would change it";
}

}  // namespace ph::message::testing
