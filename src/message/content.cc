#include "message/content.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "codec/base64.h"
#include "codec/charset.h"
#include "codec/flowed.h"
#include "codec/parameter.h"
#include "codec/quoted_printable.h"
#include "codec/uuencode.h"
#include "message/html_charset.h"

namespace ph::message {
namespace {

/// A body that is not encoded.
class Identity final : public codec::Stream {
 public:
  void feed(std::string_view octets, std::string& out) override { out += octets; }
  void finish(std::string&) override {}
  const codec::Faults& faults() const override { return faults_; }

 private:
  codec::Faults faults_;
};

}  // namespace

std::unique_ptr<codec::Stream> body_decoder(TransferEncoding encoding) {
  switch (encoding) {
    case TransferEncoding::base64: return std::make_unique<codec::Base64Decoder>();
    case TransferEncoding::quoted_printable:
      return std::make_unique<codec::QuotedPrintableDecoder>();
    case TransferEncoding::uuencode: return std::make_unique<codec::UuDecoder>();
    case TransferEncoding::seven_bit:
    case TransferEncoding::eight_bit:
    case TransferEncoding::binary:
    case TransferEncoding::other: break;
  }
  return std::make_unique<Identity>();
}

BodyReader::BodyReader(const MimeTree& tree, const MimePart& part)
    : left_(tree.body_of(part)), decoder_(body_decoder(part.encoding)) {}

bool BodyReader::next(std::string& out) {
  if (finished_) return false;
  const std::string_view piece = left_.substr(0, kDecodedPieceOctetsMax);
  left_.remove_prefix(piece.size());
  decoder_->feed(piece, out);
  if (left_.empty()) {
    decoder_->finish(out);
    finished_ = true;
  }
  return true;
}

std::string decoded_body(const MimeTree& tree, const MimePart& part) {
  std::string out;
  const auto decoder = body_decoder(part.encoding);
  decoder->feed(tree.body_of(part), out);
  decoder->finish(out);
  return out;
}

namespace {

/// RFC 3676 §4.
void join_lines(const MimePart& part, std::string& text) {
  ContentValue value;
  parse_content_value(part.content_type, value);
  const auto says = [&value](std::string_view name, std::string_view what) {
    const ContentValue::Parameter* parameter = value.find(name);
    return parameter != nullptr && same_ascii(parameter->value, what);
  };
  if (!says("format", "flowed")) return;
  codec::FlowedDecoder flowed(says("delsp", "yes"));
  std::string joined;
  flowed.feed(text, joined);
  flowed.finish(joined);
  text = std::move(joined);
}

/// The charset that a text claims, in its header or in itself; `start`: how it begins.
std::string charset_of(const MimePart& part, std::string_view start) {
  const std::string_view known = codec::canonical_charset(part.charset);
  if (!known.empty() && known != codec::canonical_charset("")) return part.charset;
  if (start.starts_with("\xff\xfe") || start.starts_with("\xfe\xff")) return "utf-16";
  if (!part.is("text", "html")) return part.charset;
  const std::string claimed = html_charset(start);
  // That it be UTF-8 is the first guess anyway, which has a second one where that is not true.
  const std::string_view read = codec::canonical_charset(claimed);
  return read.empty() || read == "utf-8" ? part.charset : claimed;
}

}  // namespace

PartText decoded_text(const MimeTree& tree, const MimePart& part, TextLines lines) {
  PartText text;
  BodyReader body(tree, part);
  std::string piece;
  bool more = body.next(piece);
  codec::CharsetDecoder charset(charset_of(part, piece));
  for (; more; more = body.next(piece)) {
    charset.feed(piece, text.text);
    piece.clear();
  }
  charset.finish(text.text);
  if (lines == TextLines::joined && part.is("text", "plain")) join_lines(part, text.text);
  text.charset = charset.charset();
  text.is_guess = charset.is_guess();
  text.faults = body.faults().count() + charset.faults().count();
  return text;
}

Disposition disposition_of(const MimePart& part) {
  ContentValue value;
  parse_content_value(part.disposition, value);
  if (value.type.empty()) return Disposition::none;
  if (same_ascii(value.type, "inline")) return Disposition::shown;
  return same_ascii(value.type, "attachment") ? Disposition::attached : Disposition::other;
}

std::string part_name(const MimePart& part) {
  const auto named = [](std::string_view field, std::string_view name) -> std::string {
    if (field.empty()) return {};
    ContentValue value;
    parse_content_value(field, value);
    // Most parts have no name: only those that may have one cost putting pieces together.
    std::erase_if(value.parameters, [name](const ContentValue::Parameter& p) {
      return !same_ascii(p.name.substr(0, name.size()), name);
    });
    if (value.parameters.empty()) return {};
    for (codec::Parameter& parameter : joined_parameters(value))
      if (parameter.name == name) return std::move(parameter.value);
    return {};
  };
  std::string name = named(part.disposition, "filename");
  if (name.empty()) name = named(part.disposition, "name");  // some write it so
  if (name.empty()) name = named(part.content_type, "name");
  if (name.empty()) name = named(part.content_type, "filename");
  return name;
}

}  // namespace ph::message
