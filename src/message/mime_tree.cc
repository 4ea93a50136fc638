#include "message/mime_tree.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ascii.h"
#include "message/content.h"
#include "message/delimiter_scan.h"
#include "message/mime_limits.h"

namespace ph::message {

/// Goes through a message from one line that may be a boundary to the next, with the parts that are
/// open around it.
class MimeReader {
 public:
  MimeReader(std::string_view octets, MimeTree& tree, EncodedMessages encoded)
      : octets_(octets), tree_(tree), decoded_depth_max_(depth_max(encoded)) {
    tree_.octets_ = octets_;
    tree_.decoded_.clear();
    tree_.parts_.clear();
    tree_.findings_.clear();
    tree_.findings_count_ = 0;
  }

  void read() {
    std::size_t at = open_part(0, false);
    while (open_multiparts_ > 0) {
      const std::size_t line = find_dashed_line(octets_, at);
      if (line >= octets_.size()) break;
      const std::size_t lf = octets_.find('\n', line);
      at = lf == octets_.npos ? octets_.size() : lf + 1;
      std::string_view text = octets_.substr(line, at - line);
      if (text.ends_with('\n')) text.remove_suffix(1);
      if (text.ends_with('\r')) text.remove_suffix(1);
      at = on_dashed_line(line, text.substr(2), at);
    }
    while (!open_.empty()) close_part(octets_.size());
  }

 private:
  /// Of the message that was decoded last, inside the part `around`.
  MimeReader(const MimeReader& outer, std::uint32_t around)
      : octets_(*outer.tree_.decoded_.back()),
        tree_(outer.tree_),
        source_(static_cast<std::uint32_t>(outer.tree_.decoded_.size())),
        around_(around),
        decoded_depth_(outer.decoded_depth_ + 1),
        decoded_depth_max_(outer.decoded_depth_max_) {}

  static constexpr std::size_t depth_max(EncodedMessages encoded) {
    return encoded == EncodedMessages::decoded ? kMimeEncodedDepthMax : 0;
  }

  struct Open {
    std::uint32_t part;
    bool is_multipart = false, is_digest = false;
    bool is_encoded_message = false;
    bool is_closed = false;  // its final boundary came
    bool is_repeated = false;
    std::string boundary;
  };

  /// Opens the part whose header begins at `at`, and the messages that begin with it. Where to go
  /// on: the beginning of the innermost one's body.
  std::size_t open_part(std::size_t at, bool in_digest) {
    for (;;) {
      if (tree_.parts_.size() >= kMimePartsMax) {
        if (!std::exchange(is_full_, true)) note(MimeOddity::too_many_parts, open_.back().part, at);
        return at;
      }
      const auto index = static_cast<std::uint32_t>(tree_.parts_.size());
      const bool is_root = index == 0;
      MimePart& part = tree_.parts_.emplace_back();
      part.header = at;
      part.source = source_;
      if (!is_root) {
        part.parent = open_.empty() ? around_ : open_.back().part;
        MimePart& parent = tree_.parts_[part.parent];
        part.number = ++parent.children;
        part.depth = static_cast<std::uint16_t>(parent.depth + 1);
      }
      Header& header = is_root ? tree_.header_ : scratch_;
      parse_header(octets_.substr(at), header,
                   open_multiparts_ > 0 ? DashedLine::ends_header : DashedLine::is_field);
      part.body = at + header.body();
      if (header.body() == header.end() && !header.fields().empty())
        note(MimeOddity::header_without_end, index, part.body);
      Open open{.part = index};
      read_fields(header, part, index, open, in_digest);
      decide_shape(part, index, open);
      const bool is_message = !open.is_multipart && part.is_message() && part.children == 0 &&
                              !std::exchange(stays_whole_, false);
      open_multiparts_ += open.is_multipart ? 1 : 0;
      at = part.body;
      open_.push_back(std::move(open));
      if (!is_message) return at;
      in_digest = false;
    }
  }

  void read_fields(const Header& header, MimePart& part, std::uint32_t index, Open& open,
                   bool in_digest) {
    std::size_t types = 0, encodings = 0;
    for (const Field& field : header.fields()) {
      if (field.name.size() < 10 || ascii_lower(field.name[0]) != 'c' || field.name[7] != '-' ||
          !same_ascii(field.name.substr(0, 7), "content"))
        continue;
      const std::string_view what = field.name.substr(8);
      if (same_ascii(what, "type")) {
        if (types++ == 0) part.content_type = field.value;
        if (types == 2) note(MimeOddity::type_twice, index, part.header + field.offset);
      } else if (same_ascii(what, "transfer-encoding")) {
        if (encodings++ == 0) part.encoding_field = field.value;
        if (encodings == 2) note(MimeOddity::encoding_twice, index, part.header + field.offset);
      } else {
        keep(part, what, field.value);
      }
    }
    if (encodings > 0) part.encoding = parse_transfer_encoding(part.encoding_field);
    if (part.encoding == TransferEncoding::other)
      note_at(MimeOddity::encoding_unknown, index, part.encoding_field);
    if (types > 0) read_type(part, index, open);
    if (!part.type.empty()) return;
    part.type = types == 0 && in_digest ? "message" : "text";
    part.subtype = types == 0 && in_digest ? "rfc822" : "plain";
  }

  static void keep(MimePart& part, std::string_view what, std::string_view value) {
    std::string_view* const place = same_ascii(what, "disposition")   ? &part.disposition
                                    : same_ascii(what, "id")          ? &part.content_id
                                    : same_ascii(what, "description") ? &part.description
                                    : same_ascii(what, "language")    ? &part.language
                                    : same_ascii(what, "location")    ? &part.location
                                                                      : nullptr;
    if (place != nullptr && place->data() == nullptr) *place = value;
  }

  void read_type(MimePart& part, std::uint32_t index, Open& open) {
    parse_content_value(part.content_type, value_);
    if (value_.subtype.empty() && same_ascii(value_.type, "multipart")) value_.subtype = "mixed";
    if (value_.type.empty() || value_.subtype.empty())
      return note_at(MimeOddity::type_unreadable, index, part.content_type);
    part.type = ascii_lower(value_.type);
    part.subtype = ascii_lower(value_.subtype);
    if (const auto* charset = value_.find("charset")) part.charset = unquoted(*charset);
    if (!part.is_multipart()) return;
    open.is_digest = part.subtype == "digest";
    open.boundary = content_type(value_).boundary;
    if (!open.boundary.empty()) return;
    for (const codec::Parameter& parameter : joined_parameters(value_))
      if (parameter.name == "boundary" && parameter.value.size() <= kBoundaryOctetsMax)
        open.boundary = parameter.value;
  }

  /// Sets open.is_multipart, or stays_whole_ for a message that is not to be looked into.
  void decide_shape(MimePart& part, std::uint32_t index, Open& open) {
    if (!part.is_multipart() && !part.is_message()) return;
    const bool is_encoded = part.encoding > TransferEncoding::binary;
    stays_whole_ = part.is_message();
    if (part.depth >= kMimeDepthMax) return note(MimeOddity::too_deep, index, part.header);
    if (part.is_message()) {
      stays_whole_ = is_encoded && part.encoding != TransferEncoding::other;
      if (stays_whole_) decide_encoded(part, index, open);
      return;
    }
    if (open.boundary.empty()) return note(MimeOddity::no_boundary, index, part.header);
    if (is_encoded) note_at(MimeOddity::encoded_multipart, index, part.encoding_field);
    for (const Open& around : open_)
      if (around.is_multipart && around.boundary == open.boundary && !around.is_closed)
        return note_twice(index, open);
    open.is_multipart = true;
  }

  /// A message that claims to be encoded: what comes out is known when its end is.
  void decide_encoded(MimePart& part, std::uint32_t index, Open& open) {
    note_at(MimeOddity::encoded_message, index, part.encoding_field);
    if (part.encoding == TransferEncoding::base64 && field_name(octets_.substr(part.body))) {
      part.encoding = TransferEncoding::other;
      stays_whole_ = false;
    } else if (part.encoding != TransferEncoding::uuencode && decoded_depth_max_ > 0) {
      open.is_encoded_message = decoded_depth_ < decoded_depth_max_;
      if (!open.is_encoded_message) note(MimeOddity::too_deep, index, part.header);
    }
  }

  /// Reads what is in an encoded message, whose end is known now.
  void look_inside(std::uint32_t index) {
    const MimePart& part = tree_.parts_[index];
    if (tree_.parts_.size() >= kMimePartsMax) {
      if (!std::exchange(is_full_, true)) note(MimeOddity::too_many_parts, index, part.header);
      return;
    }
    tree_.decoded_.push_back(std::make_unique<const std::string>(decoded_body(tree_, part)));
    MimeReader inside(*this, index);
    inside.read();
    is_full_ = inside.is_full_;
  }

  void note_twice(std::uint32_t index, Open& open) {
    open.is_multipart = true;
    note_at(MimeOddity::boundary_twice, index, tree_.parts_[index].content_type);
  }

  /// A line of "--" and `text`. Where to go on; `next` is behind the line.
  std::size_t on_dashed_line(std::size_t line, std::string_view text, std::size_t next) {
    for (std::size_t depth = open_.size(); depth-- > 0;) {
      if (!open_[depth].is_multipart || !text.starts_with(open_[depth].boundary)) continue;
      const std::string_view tail = text.substr(open_[depth].boundary.size());
      const bool is_last = tail.starts_with("--") && trimmed(tail.substr(2)).empty();
      if (!is_last && !trimmed(tail).empty()) continue;
      if (open_[depth].is_closed) {
        if (!std::exchange(open_[depth].is_repeated, true))
          note(MimeOddity::behind_final, open_[depth].part, line);
        continue;
      }
      const std::size_t end = before_line_end(line);
      while (open_.size() > depth + 1) close_part(end);
      open_[depth].is_closed = is_last;
      // Where nothing follows, no part begins.
      return is_last || next >= octets_.size() ? next : open_part(next, open_[depth].is_digest);
    }
    return next;
  }

  /// The line end before a boundary belongs to it. RFC 2046 §5.1.1.
  std::size_t before_line_end(std::size_t line) const {
    if (line > 0) --line;
    if (line > 0 && octets_[line - 1] == '\r') --line;
    return line;
  }

  void close_part(std::size_t end) {
    const Open& open = open_.back();
    tree_.parts_[open.part].end = std::max<std::uint64_t>(end, tree_.parts_[open.part].body);
    if (open.is_encoded_message) look_inside(open.part);
    MimePart& part = tree_.parts_[open.part];
    part.last = static_cast<std::uint32_t>(tree_.parts_.size());
    if (open.is_multipart) {
      --open_multiparts_;
      if (part.children == 0 && !is_full_)
        note(MimeOddity::boundary_unused, open.part, part.header);
      else if (!open.is_closed)
        note(MimeOddity::no_final_boundary, open.part, part.end);
    }
    open_.pop_back();
  }

  void note(MimeOddity what, std::uint32_t part, std::uint64_t offset) {
    if (++tree_.findings_count_ <= kMimeFindingsMax)
      tree_.findings_.push_back({what, part, offset});
  }
  void note_at(MimeOddity what, std::uint32_t part, std::string_view where) {
    note(what, part, static_cast<std::uint64_t>(where.data() - octets_.data()));
  }

  std::string_view octets_;
  MimeTree& tree_;
  std::uint32_t source_ = 0;
  std::uint32_t around_ = MimePart::kNone;
  std::size_t decoded_depth_ = 0, decoded_depth_max_;
  std::vector<Open> open_;
  std::size_t open_multiparts_ = 0;
  bool is_full_ = false, stays_whole_ = false;
  Header scratch_;
  ContentValue value_;
};

void parse_mime(std::string_view octets, MimeTree& tree, EncodedMessages encoded) {
  MimeReader(octets, tree, encoded).read();
}

std::string MimeTree::section(std::uint32_t index) const {
  std::string out;
  const MimePart& part = parts_[index];
  const bool is_whole = part.parent == MimePart::kNone || parts_[part.parent].is_message();
  if (is_whole && part.is_multipart()) out = "TEXT";
  for (std::uint32_t at = index; at != MimePart::kNone; at = parts_[at].parent) {
    const MimePart& here = parts_[at];
    const bool is_root = here.parent == MimePart::kNone || parts_[here.parent].is_message();
    if (is_root && here.is_multipart()) continue;  // it has no number of its own
    const std::string number = std::to_string(is_root ? 1 : here.number);
    // A message's only part, when that is a message or a body, counts as its part 1.
    out = out.empty() ? number : number + "." + out;
  }
  return out;
}

std::uint32_t MimeTree::find_section(std::string_view section) const {
  for (std::uint32_t i = 0; i < parts_.size(); ++i)
    if (same_ascii(this->section(i), section)) return i;
  return MimePart::kNone;
}

std::uint64_t count_lines(std::string_view octets) {
  const auto ends = static_cast<std::uint64_t>(std::ranges::count(octets, '\n'));
  return ends + (octets.empty() || octets.ends_with('\n') ? 0 : 1);
}

}  // namespace ph::message
