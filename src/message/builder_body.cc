#include "message/builder_body.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "codec/base64.h"
#include "codec/parameter.h"
#include "codec/quoted_printable.h"
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
    return leaf(part, type);
  }

 private:
  static void parameter(std::string& fields, std::string_view name, std::string_view value) {
    for (const std::string& piece : codec::encode_parameter(name, value)) {
      // On the same line where it fits, else on one of its own.
      const std::size_t line = fields.size() - (fields.rfind('\n') + 1);
      const bool fits = line + piece.size() + 3 <= codec::kParameterLineOctetsMax;
      fields += fits ? "; " : ";\r\n ";
      fields += piece;
    }
  }

  static Result<Done> own_parameters(const BuildPart& part, std::string& fields) {
    for (const auto& [name, value] : part.parameters) {
      if (!is_media_type(name + "/x"))
        return fail(Kind::malformed, "a parameter's name is none", name);
      parameter(fields, name, value);
    }
    return Done{};
  }

  static void disposition(const BuildPart& part, std::string& fields) {
    if (part.attachment || !part.file_name.empty()) {
      fields += part.attachment ? "Content-Disposition: attachment" : "Content-Disposition: inline";
      if (!part.file_name.empty()) parameter(fields, "filename", part.file_name);
      fields += "\r\n";
    }
    if (!part.content_id.empty()) fields += "Content-ID: <" + part.content_id + ">\r\n";
  }

  Result<BuiltPart> leaf(const BuildPart& part, const std::string& type) {
    BuiltPart out;
    const bool text = type.starts_with("text/");
    const bool message = type == "message/rfc822" || type == "message/global";
    const std::string valid = text ? with_crlf(valid_utf8(part.content)) : std::string();
    const std::string_view content = text || message ? std::string_view(text ? valid : part.content)
                                                     : std::string_view(part.content);
    const Look look = look_at(content);
    std::string_view encoding;
    if (message) {
      // RFC 2046 §5.2.1: never encoded.
      if (look.long_lines || look.nul || (look.eight_bit && carry_ == Carry::seven_bit))
        return fail(Kind::malformed, "a message inside needs a way that carries more");
      out.body = with_crlf(content);
      encoding = look.eight_bit ? "8bit" : "";
    } else if (!text) {
      encoding = carry_ == Carry::binary ? "binary" : "base64";
      out.body = carry_ == Carry::binary ? part.content + "\r\n" : base64(content);
      out.binary = carry_ == Carry::binary;
    } else {
      const bool plain = !look.long_lines && !look.fragile && !look.nul;
      if (plain && (!look.eight_bit || carry_ != Carry::seven_bit)) {
        encoding = look.eight_bit ? "8bit" : "";
        out.body = content;
      } else if (look.escapes <= content.size() / kReadableShareMin) {
        encoding = "quoted-printable";
        out.body = quoted_printable(content);
      } else {
        encoding = "base64";
        out.body = base64(content);
      }
    }
    out.eight_bit = encoding == "8bit";
    out.fields = "Content-Type: " + type;
    if (text) parameter(out.fields, "charset", "utf-8");
    PH_TRY([[maybe_unused]] const auto done, own_parameters(part, out.fields));
    if (!part.file_name.empty()) parameter(out.fields, "name", part.file_name);
    out.fields += "\r\n";
    if (!encoding.empty()) out.fields += fmt::format("Content-Transfer-Encoding: {}\r\n", encoding);
    disposition(part, out.fields);
    return out;
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
    // "=_" is in no base64 and no quoted-printable; what is written as it is gets looked at.
    std::string boundary;
    bool taken = true;
    while (taken) {
      boundary = fmt::format("=_{}_{}", boundary_, boundaries_++);
      taken = std::ranges::any_of(built, [&boundary](const BuiltPart& one) {
        return (one.fields + one.body).find(boundary) != std::string::npos;
      });
      if (boundaries_ > 2 * kBuildPartsMax)
        return fail(Kind::over_limit, "the parts are full of boundaries");
    }
    out.fields = "Content-Type: " + type;
    parameter(out.fields, "boundary", boundary);
    if (type == "multipart/related" && is_media_type(part.parts.front().type))
      parameter(out.fields, "type", part.parts.front().type);
    PH_TRY([[maybe_unused]] const auto done, own_parameters(part, out.fields));
    out.fields += "\r\n";
    if (out.binary || out.eight_bit)
      out.fields +=
          fmt::format("Content-Transfer-Encoding: {}\r\n", out.binary ? "binary" : "8bit");
    disposition(part, out.fields);
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
