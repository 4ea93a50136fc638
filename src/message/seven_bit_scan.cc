#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "base/ascii.h"
#include "message/seven_bit_walk.h"

namespace ph::message {
namespace {

using Edit = SevenBitPlan::Edit;
using Obstacle = SevenBitObstacle;

constexpr std::array<bool, 256> kEscaped = [] {
  std::array<bool, 256> escaped{};
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    escaped[static_cast<std::size_t>(i)] =
        c != '\r' && c != '\n' && codec::needs_quoted_printable_escape(c);
  }
  return escaped;
}();

/// The name of the field that a header line begins, "" when it begins none.
std::string_view field_name(std::string_view line) {
  const auto end =
      std::ranges::find_if_not(line, [](char c) { return c > ' ' && c <= '~' && c != ':'; });
  const std::string_view name = line.substr(0, static_cast<std::size_t>(end - line.begin()));
  return trimmed(line.substr(name.size())).starts_with(':') ? name : std::string_view();
}

/// Ascending; of two at one place what is inserted comes first, and of two insertions that of the
/// outer part, which was made later. A line folded inside a field that is replaced is left out.
std::vector<Edit> in_order(std::vector<Edit> edits) {
  std::vector<std::size_t> order(edits.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&edits](std::size_t i) {
    return std::tuple(edits[i].from, edits[i].to, edits.size() - i);
  });
  std::vector<Edit> out;
  std::uint64_t end = 0;
  for (const std::size_t i : order) {
    if (edits[i].from < end) continue;
    end = edits[i].to;
    out.push_back(std::move(edits[i]));
  }
  return out;
}

}  // namespace

void SevenBitScan::Walk::feed(std::string_view chunk) {
  while (!chunk.empty()) {
    if (traits_.octets == 0) {
      const bool header = parts_.back().shape == OpenPart::Shape::header;
      kept_max_ = header ? kHeaderLineKeptMax : chunk.front() == '-' ? kDelimiterLineKeptMax : 0;
    }
    const std::size_t lf = chunk.find('\n');
    const std::string_view piece = chunk.substr(0, lf == chunk.npos ? lf : lf + 1);
    chunk.remove_prefix(piece.size());
    if (kept_.size() < kept_max_) kept_ += piece.substr(0, kept_max_ - kept_.size());

    unsigned all = 0;
    std::size_t escapes = 0, nuls = 0, crs = 0;
    for (const char c : piece) {
      all |= static_cast<unsigned char>(c);
      escapes += kEscaped[static_cast<unsigned char>(c)] ? 1 : 0;
      nuls += c == '\0' ? 1 : 0;
      crs += c == '\r' ? 1 : 0;
    }
    traits_.octets += piece.size();
    traits_.escapes += escapes;
    traits_.eight_bit |= all > 0x7f;
    traits_.nul |= nuls > 0;
    cr_count_ += crs;
    lf_count_ += lf == std::string_view::npos ? 0 : 1;
    plan_.octets += piece.size();

    const char before = piece.size() > 1 ? piece[piece.size() - 2] : last_;
    last_ = piece.back();
    if (last_ == '\n' && before == '\r') end_line(true);
  }
}

void SevenBitScan::Walk::end_line(bool with_crlf) {
  const std::uint64_t marks = with_crlf ? 1 : 0;
  traits_.bare = cr_count_ > marks || lf_count_ > marks;
  traits_.long_line = traits_.octets - 2 * marks > kLineOctetsMax;
  const bool whole = kept_.size() == traits_.octets;
  std::string_view text = kept_;
  if (whole) text.remove_suffix(2 * marks);
  plan_.nul |= traits_.nul;
  plan_.long_lines |= traits_.long_line;
  on_line({line_from_, plan_.octets, text, whole, traits_});
  line_from_ = plan_.octets;
  kept_.clear();
  traits_ = {};
  cr_count_ = lf_count_ = 0;
  last_ = 0;
}

SevenBitPlan SevenBitScan::Walk::finish() {
  const bool at_line_start = traits_.octets == 0 && plan_.octets >= 2;
  if (traits_.octets > 0) end_line(false);
  // Readers take the last line break of a multipart that is not closed for that of its boundary.
  const bool cut_off = std::ranges::any_of(parts_, [](const OpenPart& part) {
    return part.shape == OpenPart::Shape::multipart && !part.closed && !part.in_text;
  });
  const std::uint64_t end = plan_.octets - (cut_off && at_line_start ? 2 : 0);
  while (!parts_.empty()) close_part(end);
  if (!plan_.possible()) {
    plan_.edits.clear();
    plan_.breaks_signature = false;
  }
  plan_.edits = in_order(std::move(plan_.edits));
  plan_.breaks_dkim = has_dkim_ && plan_.needed();
  return std::move(plan_);
}

void SevenBitScan::Walk::on_line(const ScannedLine& line) {
  if (on_delimiter(line)) return;
  // A header that ends without an empty line leaves its line to the body, where a header may begin.
  const bool in_header = parts_.back().shape == OpenPart::Shape::header;
  while (parts_.back().shape == OpenPart::Shape::header)
    if (on_header_line(line)) return;
  if (in_header && on_delimiter(line)) return;
  on_body_line(line);
}

/// RFC 2046 §5.1.1; the innermost boundary first, but every outer one ends what is inside it.
bool SevenBitScan::Walk::on_delimiter(const ScannedLine& line) {
  if (!line.whole || !line.text.starts_with("--")) return false;
  const std::string_view text = line.text.substr(2);
  for (std::size_t depth = parts_.size(); depth-- > 0;) {
    OpenPart& part = parts_[depth];
    if (part.shape != OpenPart::Shape::multipart || part.closed) continue;
    if (!text.starts_with(part.type.boundary)) continue;
    const std::string_view tail = text.substr(part.type.boundary.size());
    const bool last = trimmed(tail.substr(0, 2) == "--" ? tail.substr(2) : "x").empty();
    if (!last && !trimmed(tail).empty()) continue;

    // The line break before a delimiter belongs to it.
    const std::uint64_t end = line.from < 2 ? 0 : line.from - 2;
    while (parts_.size() > depth + 1) close_part(end);
    close_text(part, end);
    if (last) {
      part.closed = part.in_text = true;
      part.text_begin = line.end;
    } else {
      open_part(line.end, false, part.type.subtype == "digest");
    }
    return true;
  }
  return false;
}

void SevenBitScan::Walk::open_part(std::uint64_t from, bool is_message, bool is_in_digest) {
  OpenPart part;
  part.is_message = is_message;
  part.is_in_digest = is_in_digest;
  part.header_begin = from;
  if (++part_count_ > kMimePartsMax) {
    part.shape = OpenPart::Shape::opaque;
    part.reason = Obstacle::too_many_parts;
  }
  parts_.push_back(std::move(part));
}

/// False: the header ended before this line.
bool SevenBitScan::Walk::on_header_line(const ScannedLine& line) {
  OpenPart& part = parts_.back();
  if (line.whole && line.text.empty()) {
    part.has_empty_line = true;
    end_header(part, line.from, line.end);
    return true;
  }
  const bool folded = part.has_field && is_space(line.text.front());
  const std::string_view name = folded ? std::string_view() : field_name(line.text);
  if (!folded && name.empty()) {
    end_header(part, line.from, line.from);
    return false;
  }
  std::size_t value = 0;
  if (!folded) {
    end_field(part);
    part.has_field = true;
    value = line.text.find(':') + 1;
    field_name_ = ascii_lower(name.substr(0, 32));  // longer ones are none of ours
    field_.from = line.from;
  }
  field_.to = line.end;
  if (field_value_.size() <= kMimeFieldOctetsMax)
    field_value_ += line.text.substr(value, kMimeFieldOctetsMax + 1 - field_value_.size());
  plan_.eight_bit_header |= line.traits.eight_bit;
  if (line.traits.eight_bit || line.traits.nul || line.traits.bare) meet(Obstacle::header_octets);
  if (line.end - part.header_begin > kMimeHeaderOctetsMax) part.too_long = true;
  if (line.traits.long_line) fold(part, line, value);
  return true;
}

void SevenBitScan::Walk::end_field(OpenPart& part) {
  const bool is_type = field_name_ == "content-type" && !part.has_content_type;
  const bool is_encoding = field_name_ == "content-transfer-encoding";
  if ((is_type || is_encoding) && field_value_.size() > kMimeFieldOctetsMax) part.too_long = true;
  if (is_type) {
    part.has_content_type = true;
    part.type = parse_content_type(field_value_);
  } else if (is_encoding) {
    if (part.encoding_fields.empty()) part.encoding = parse_transfer_encoding(field_value_);
    if (part.encoding_fields.size() < kEncodingFieldsMax)
      part.encoding_fields.push_back(field_);
    else
      part.too_long = true;
  } else if (field_name_ == "mime-version") {
    part.has_mime_version = true;
  } else if (field_name_ == "dkim-signature" && parts_.size() == 1) {
    has_dkim_ = true;
  }
  field_name_.clear();
  field_value_.clear();
}

void SevenBitScan::Walk::end_header(OpenPart& part, std::uint64_t header_end,
                                    std::uint64_t body_begin) {
  end_field(part);
  part.header_end = header_end;
  part.body_begin = body_begin;
  if (part.type.type.empty()) {
    const bool digest = part.is_in_digest && !part.has_content_type;
    part.type.type = digest ? "message" : "text";
    part.type.subtype = digest ? "rfc822" : "plain";
  }
  const bool is_multipart = part.type.type == "multipart";
  const bool is_message = part.type.type == "message" && part.type.subtype == "rfc822";
  const bool is_fragment = part.type.type == "message" &&
                           (part.type.subtype == "partial" || part.type.subtype == "external-body");
  const bool is_encoded = part.encoding > TransferEncoding::binary;
  if (part.too_long)
    part.reason = Obstacle::header_too_long;
  else if (is_fragment)
    part.reason = Obstacle::message_fragment;
  else if ((is_multipart || is_message) && is_encoded)
    part.reason = Obstacle::encoded_composite;
  else if (is_multipart && part.type.boundary.empty())
    part.reason = Obstacle::no_boundary;
  else if ((is_multipart || is_message) && parts_.size() > kMimeDepthMax)
    part.reason = Obstacle::too_deep;

  if (part.reason != Obstacle::none) {
    part.shape = OpenPart::Shape::opaque;
  } else if (is_multipart) {
    part.shape = OpenPart::Shape::multipart;
    part.in_text = true;
    part.text_begin = body_begin;
  } else if (is_message) {
    part.shape = OpenPart::Shape::message;
    open_part(body_begin, true, false);  // `part` dangles from here on
  } else {
    part.shape = OpenPart::Shape::leaf;
  }
}

void SevenBitScan::Walk::on_body_line(const ScannedLine& line) {
  plan_.eight_bit_body |= line.traits.eight_bit;
  parts_.back().traits.add(line.traits);
}

SevenBitScan::SevenBitScan() : walk_(std::make_unique<Walk>()) {}
SevenBitScan::SevenBitScan(SevenBitScan&&) noexcept = default;
SevenBitScan& SevenBitScan::operator=(SevenBitScan&&) noexcept = default;
SevenBitScan::~SevenBitScan() = default;
void SevenBitScan::feed(std::string_view chunk) { walk_->feed(chunk); }
SevenBitPlan SevenBitScan::finish() { return walk_->finish(); }

}  // namespace ph::message
