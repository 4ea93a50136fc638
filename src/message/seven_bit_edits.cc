// What is changed in a part, decided when its end is known.
#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "message/seven_bit_walk.h"

namespace ph::message {

using Edit = SevenBitPlan::Edit;
using Obstacle = SevenBitObstacle;

/// Breaks a line that is too long before white space, where a reader takes the break out again.
/// RFC 5322 §2.2.3. Not before white space that would be all of the next line.
void SevenBitScan::Walk::fold(OpenPart& part, const ScannedLine& line, std::size_t from) {
  if (!line.whole || part.too_long) return meet(Obstacle::header_line);
  const std::string_view text = line.text;
  const std::size_t last = text.find_last_not_of(" \t");  // a fold lies before this
  std::size_t begin = 0;
  for (; text.size() - begin > kLineOctetsMax;) {
    std::size_t at = std::min(begin + kLineOctetsMax, last);
    while (at > begin && !is_space(text[at])) --at;
    // A line of white space alone would end the header for some readers.
    const bool blank = trimmed(text.substr(begin, at - begin)).empty();
    if (at <= begin || at < from || blank) return meet(Obstacle::header_line);
    edit(part, {line.from + at, line.from + at, Edit::What::replace, "\r\n"});
    begin = at;
  }
}

void SevenBitScan::Walk::close_part(std::uint64_t end) {
  OpenPart part = std::move(parts_.back());
  end = std::max(end, part.body_begin);
  switch (part.shape) {
    case OpenPart::Shape::header: end_field(part); break;
    case OpenPart::Shape::leaf: close_leaf(part, end); break;
    case OpenPart::Shape::multipart: close_text(part, end); [[fallthrough]];
    case OpenPart::Shape::message:
      if (part.changed) relabel(part, "7bit", {});
      break;
    case OpenPart::Shape::opaque:
      if (part.traits.unfit()) meet(part.reason);
      break;
  }
  parts_.pop_back();
  if (parts_.empty() || !part.changed) return;
  parts_.back().changed = true;
  plan_.breaks_signature |= parts_.back().is_signed();
}

/// The text before or behind the parts of a multipart, which no reader shows: RFC 2046 §5.1.1.
void SevenBitScan::Walk::close_text(OpenPart& part, std::uint64_t end) {
  if (part.in_text && part.traits.unfit())
    edit(part, {part.text_begin, std::max(end, part.text_begin), Edit::What::mask, {}});
  part.in_text = false;
  part.traits = {};
}

void SevenBitScan::Walk::close_leaf(OpenPart& part, std::uint64_t end) {
  if (!part.traits.unfit()) return;
  const std::uint64_t begin = part.body_begin;
  switch (part.encoding) {
    case TransferEncoding::quoted_printable:
      return edit(part, {begin, end, Edit::What::mend_quoted_printable, {}});
    case TransferEncoding::base64: return edit(part, {begin, end, Edit::What::mend_base64, {}});
    case TransferEncoding::uuencode:
    case TransferEncoding::other: return meet(Obstacle::unknown_encoding);
    case TransferEncoding::seven_bit:
    case TransferEncoding::eight_bit:
    case TransferEncoding::binary: break;
  }
  const bool readable = (part.type.type == "text" || part.type.type == "message") &&
                        part.traits.escapes <= part.traits.octets / 3;
  std::string fields;
  if (!part.has_content_type && part.traits.eight_bit)
    fields += "Content-Type: text/plain; charset=unknown-8bit\r\n";
  relabel(part, readable ? "quoted-printable" : "base64", std::move(fields));
  edit(part, {begin, end, readable ? Edit::What::quoted_printable : Edit::What::base64, {}});
}

/// Gives the part a Content-Transfer-Encoding, and `fields` (whole lines) with what else it lacks.
/// "7bit" replaces others, but is not added: it is what no field means.
void SevenBitScan::Walk::relabel(OpenPart& part, std::string_view encoding, std::string fields) {
  const std::string field = "Content-Transfer-Encoding: " + std::string(encoding) + "\r\n";
  if (part.is_message && !part.has_mime_version) fields = "MIME-Version: 1.0\r\n" + fields;
  if (part.encoding_fields.empty() && encoding != "7bit") fields += field;
  const bool keep = encoding == "7bit" && part.encoding == TransferEncoding::seven_bit;
  for (std::size_t i = 0; i < part.encoding_fields.size() && !keep; ++i) {
    const auto [from, to] = part.encoding_fields[i];
    edit(part, {from, to, Edit::What::replace, i == 0 ? field : std::string()});
  }
  if (!part.has_empty_line) fields += "\r\n";
  if (!fields.empty())
    edit(part, {part.header_end, part.header_end, Edit::What::replace, std::move(fields)});
}

void SevenBitScan::Walk::edit(OpenPart& part, Edit edit) {
  part.changed = true;
  plan_.edits.push_back(std::move(edit));
}

void SevenBitScan::Walk::meet(Obstacle obstacle) {
  if (plan_.obstacle == Obstacle::none) plan_.obstacle = obstacle;
}

}  // namespace ph::message
