#include "message/builder_body.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "codec/base64.h"
#include "codec/parameter.h"
#include "codec/quoted_printable.h"
#include "message/content_type.h"
#include "message/readable.h"

namespace ph::message {
namespace {

constexpr std::size_t kLineMax = 998;         // RFC 5322 §2.1.1
constexpr std::size_t kReadableShareMin = 6;  // quoted-printable while one octet in six is escaped

/// What a text has that a relay may change, or that a way may not carry.
struct Look {
  bool eight_bit = false, nul = false, long_lines = false, fragile = false;
  std::size_t escapes = 0;
};

Look look_at(std::string_view text) {
  Look out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (column == 0 && (text.substr(i).starts_with("From ") || c == '.')) out.fragile = true;
    if (static_cast<unsigned char>(c) >= 0x80) out.eight_bit = true;
    if (c == '\0') out.nul = true;
    if (codec::needs_quoted_printable_escape(c) && c != '\r' && c != '\n') ++out.escapes;
    if (c == '\r' || c == '\n') {
      const bool pair = c == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
      if (!pair) out.fragile = true;
      if (i > 0 && is_space(text[i - 1])) out.fragile = true;
      if (pair) ++i;
      column = 0;
    } else if (++column > kLineMax) {
      out.long_lines = true;
    }
  }
  if (!text.empty() && is_space(text.back())) out.fragile = true;
  return out;
}

std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 32 + 2);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' || text[i] == '\n') {
      out += "\r\n";
      if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
    } else {
      out.push_back(text[i]);
    }
  }
  if (!out.empty() && !out.ends_with('\n')) out += "\r\n";
  return out;
}

std::string base64(std::string_view octets) {
  std::string out;
  codec::Base64Encoder encoder;
  encoder.feed(octets, out);
  encoder.finish(out);
  if (!out.empty()) out += "\r\n";
  return out;
}

std::string quoted_printable(std::string_view text) {
  std::string out;
  codec::QuotedPrintableEncoder encoder(codec::QuotedPrintable::text);
  encoder.feed(text, out);
  encoder.finish(out);
  if (!out.empty() && !out.ends_with("\r\n")) out += "\r\n";
  return out;
}

/// A Content-Type or Content-Disposition as it grows.
class ContentField {
 public:
  explicit ContentField(std::string begin) : out_(std::move(begin)) {}

  void put(std::string_view name, std::string_view value) {
    names_.push_back(ascii_lower(name));
    for (const std::string& piece : codec::encode_parameter(name, valid_utf8(value))) {
      // On the same line where it fits, else on one of its own.
      const std::size_t line = out_.size() - (out_.rfind('\n') + 1);
      const bool fits = line + piece.size() + 3 <= codec::kParameterLineOctetsMax;
      out_ += fits ? "; " : ";\r\n ";
      out_ += piece;
      ++pieces_;
    }
  }

  /// What the caller wants beside that.
  Result<Done> put(const std::vector<std::pair<std::string, std::string>>& parameters) {
    for (const auto& [name, value] : parameters) {
      if (!is_media_type(name + "/x") || name.find_first_of("*'%") != name.npos)
        return fail(Kind::malformed, "a parameter's name is none", name);
      const bool ours = same_ascii(name, "name") || same_ascii(name, "boundary");
      if (ours || std::ranges::find(names_, ascii_lower(std::string_view(name))) != names_.end())
        return fail(Kind::malformed, "a parameter comes twice", name);
      put(name, value);
    }
    return Done{};
  }

  Result<std::string> take() {
    if (pieces_ > kContentParametersMax)
      return fail(Kind::over_limit, "a name or a parameter is longer than readers take");
    return std::move(out_) + "\r\n";
  }

 private:
  std::string out_;
  std::vector<std::string> names_;
  std::size_t pieces_ = 0;
};

class Writer {
 public:
  Writer(Carry carry, std::string_view boundary) : carry_(carry), boundary_(boundary) {}

  Result<BuiltPart> write(const BuildPart& part, std::size_t depth) {
    if (depth > kBuildDepthMax) return fail(Kind::over_limit, "multiparts are nested too deep");
    if (++count_ > kBuildPartsMax) return fail(Kind::over_limit, "the message has too many parts");
    if (!is_media_type(part.type))
      return fail(Kind::malformed, "the media type is none", part.type);
    if (!part.content_id.empty() && !is_identifier(part.content_id))
      return fail(Kind::malformed, "the Content-ID is no identifier", part.content_id);
    const std::string type = ascii_lower(std::string_view(part.type));
    if (type.starts_with("multipart/")) return tree(part, type, depth);
    return leaf(part, type, depth == 0);
  }

 private:
  static Result<std::string> disposition(const BuildPart& part) {
    std::string out;
    if (part.attachment || !part.file_name.empty()) {
      ContentField field(part.attachment ? "Content-Disposition: attachment"
                                         : "Content-Disposition: inline");
      if (!part.file_name.empty()) field.put("filename", part.file_name);
      PH_TRY(out, field.take());
    }
    if (!part.content_id.empty()) out += "Content-ID: <" + part.content_id + ">\r\n";
    return out;
  }

  /// The body, and the name of its encoding, "" for 7bit.
  Result<std::string_view> text_body(const BuildPart& part, BuiltPart& out) const {
    std::string content = with_crlf(valid_utf8(part.content));
    const Look look = look_at(content);
    const bool plain = !look.long_lines && !look.fragile && !look.nul;
    if (plain && (!look.eight_bit || carry_ != Carry::seven_bit)) {
      out.body = std::move(content);
      return look.eight_bit ? "8bit" : "";
    }
    const bool readable = look.escapes <= content.size() / kReadableShareMin;
    out.body = readable ? quoted_printable(content) : base64(content);
    return readable ? "quoted-printable" : "base64";
  }

  /// RFC 2046 §5.2: never encoded.
  Result<std::string_view> message_body(const BuildPart& part, BuiltPart& out) const {
    const Look look = look_at(part.content);
    if (look.long_lines || look.nul || (look.eight_bit && carry_ == Carry::seven_bit))
      return fail(Kind::malformed, "a message inside needs a way that carries more");
    out.body = with_crlf(part.content);
    return look.eight_bit ? "8bit" : "";
  }

  Result<std::string_view> octets_body(const BuildPart& part, BuiltPart& out, bool root) const {
    // Nothing marks the end of a root's body: on the way it may get a line end if it has none.
    if (carry_ != Carry::binary || (root && !part.content.ends_with("\r\n"))) {
      out.body = base64(part.content);
      return "base64";
    }
    out.body = part.content + (root ? "" : "\r\n");
    out.binary = true;
    return "binary";
  }

  Result<BuiltPart> leaf(const BuildPart& part, const std::string& type, bool root) {
    BuiltPart out;
    const bool text = type.starts_with("text/");
    PH_TRY(const std::string_view encoding, text ? text_body(part, out)
                                            : type.starts_with("message/")
                                                ? message_body(part, out)
                                                : octets_body(part, out, root));
    out.eight_bit = encoding == "8bit";
    ContentField field("Content-Type: " + type);
    if (text) field.put("charset", "utf-8");
    PH_TRY([[maybe_unused]] const auto done, field.put(part.parameters));
    if (!part.file_name.empty()) field.put("name", part.file_name);
    PH_TRY(out.fields, field.take());
    if (!encoding.empty()) out.fields += fmt::format("Content-Transfer-Encoding: {}\r\n", encoding);
    PH_TRY(const std::string further, disposition(part));
    out.fields += further;
    return out;
  }

  /// "=_" is in no base64 and no quoted-printable; what is written as it is gets looked at. The
  /// number stands first, so no boundary begins as another one does.
  Result<std::string> boundary_for(const std::vector<BuiltPart>& built) {
    while (boundaries_ <= 2 * kBuildPartsMax) {
      std::string boundary = fmt::format("=_{}_{}", boundaries_++, boundary_);
      const bool taken = std::ranges::any_of(built, [&boundary](const BuiltPart& one) {
        return one.fields.find(boundary) != one.fields.npos ||
               one.body.find(boundary) != one.body.npos;
      });
      if (!taken) return boundary;
    }
    return fail(Kind::over_limit, "the parts are full of boundaries");
  }

  Result<BuiltPart> tree(const BuildPart& part, const std::string& type, std::size_t depth) {
    BuiltPart out;
    std::vector<BuiltPart> built;
    for (const BuildPart& one : part.parts) {
      PH_TRY(auto inner, write(one, depth + 1));
      out.eight_bit = out.eight_bit || inner.eight_bit;
      out.binary = out.binary || inner.binary;
      built.push_back(std::move(inner));
    }
    if (built.empty()) return fail(Kind::malformed, "a multipart has no parts");
    PH_TRY(const std::string boundary, boundary_for(built));
    ContentField field("Content-Type: " + type);
    field.put("boundary", boundary);
    if (type == "multipart/related") field.put("type", part.parts.front().type);
    PH_TRY([[maybe_unused]] const auto done, field.put(part.parameters));
    PH_TRY(out.fields, field.take());
    if (out.binary || out.eight_bit)
      out.fields +=
          fmt::format("Content-Transfer-Encoding: {}\r\n", out.binary ? "binary" : "8bit");
    PH_TRY(const std::string further, disposition(part));
    out.fields += further;
    for (const BuiltPart& one : built)
      out.body += "--" + boundary + "\r\n" + one.fields + "\r\n" + one.body +
                  (one.binary || one.body.empty() ? "" : "\r\n");
    out.body += "--" + boundary + "--\r\n";
    return out;
  }

  Carry carry_;
  std::string_view boundary_;
  std::size_t count_ = 0, boundaries_ = 0;
};

}  // namespace

bool is_media_type(std::string_view type) {
  const auto token = [](std::string_view text) {
    return !text.empty() && text.size() <= 127 && std::ranges::all_of(text, [](char c) {
      return c > ' ' && c < '\x7f' &&
             std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
    });
  };
  const std::size_t slash = type.find('/');
  return slash != type.npos && token(type.substr(0, slash)) && token(type.substr(slash + 1));
}

bool is_identifier(std::string_view id) {
  constexpr std::size_t kIdentifierMax = 900;  // a line has 998
  return !id.empty() && id.size() <= kIdentifierMax && std::ranges::all_of(id, [](char c) {
    return c > ' ' && c < '\x7f' && c != '<' && c != '>' && c != '(' && c != ')';
  });
}

Result<BuiltPart> build_part(const BuildPart& part, Carry carry, std::string_view boundary) {
  return Writer(carry, boundary).write(part, 0);
}

}  // namespace ph::message
