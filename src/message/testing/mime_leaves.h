// A second, simple reader of MIME, against which conversions are checked: it needs the whole
// message, trusts it to be well formed, and decodes what it finds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.h"
#include "codec/base64.h"
#include "codec/quoted_printable.h"
#include "message/content_type.h"

namespace ph::message::testing {

/// "type/subtype" of a part without parts, and its decoded body.
struct Leaf {
  std::string type, body;
  bool operator==(const Leaf&) const = default;
};

inline std::string field_of(std::string_view header, std::string_view name) {
  for (std::size_t at = 0; at < header.size();) {
    std::size_t end = header.find("\r\n", at);
    while (end + 2 < header.size() && is_space(header[end + 2])) end = header.find("\r\n", end + 2);
    const std::string_view field = header.substr(at, end - at);
    if (same_ascii(field.substr(0, field.find(':')), name))
      return std::string(field.substr(field.find(':') + 1));
    at = end == header.npos ? header.size() : end + 2;
  }
  return {};
}

inline std::string decoded_body(std::string_view header, std::string_view body) {
  std::string out;
  switch (parse_transfer_encoding(field_of(header, "Content-Transfer-Encoding"))) {
    case TransferEncoding::quoted_printable: {
      codec::QuotedPrintableDecoder decoder;
      decoder.feed(body, out);
      decoder.finish(out);
      return out;
    }
    case TransferEncoding::base64:
      for (const char c : body)
        if (c != '\r' && c != '\n') out.push_back(c);
      return codec::decode_base64(out).value_or("(not base64)");
    default: return std::string(body);
  }
}

inline void append_leaves(std::string_view entity, std::vector<Leaf>& out) {
  const bool empty_header = entity.starts_with("\r\n");
  const std::size_t end = empty_header ? 0 : entity.find("\r\n\r\n") + 2;
  const std::string_view header = entity.substr(0, end), body = entity.substr(end + 2);
  ContentType type = parse_content_type(field_of(header, "Content-Type"));
  if (type.type.empty()) type = {"text", "plain", ""};
  if (type.type == "message" && type.subtype == "rfc822") return append_leaves(body, out);
  if (type.type != "multipart") {
    out.push_back({type.type + "/" + type.subtype, decoded_body(header, body)});
    return;
  }
  const std::string delimiter = "\r\n--" + type.boundary;
  const std::string text = "\r\n" + std::string(body);
  std::size_t at = text.find(delimiter + "\r\n");
  while (at != text.npos && text.compare(at + delimiter.size(), 2, "--") != 0) {
    const std::size_t from = at + delimiter.size() + 2;
    at = text.find(delimiter, at + delimiter.size());  // the line break may belong to both
    append_leaves(std::string_view(text).substr(from, at - from), out);
  }
}

inline std::vector<Leaf> leaves(std::string_view message) {
  std::vector<Leaf> out;
  append_leaves(message, out);
  return out;
}

/// True if it is 7-bit data: RFC 2045 §2.7.
inline bool is_seven_bit(std::string_view text) {
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "\r\n") {
      ++i;
      column = 0;
    } else if (text[i] == '\0' || text[i] == '\r' || text[i] == '\n' ||
               static_cast<unsigned char>(text[i]) > 0x7f || ++column > 998) {
      return false;
    }
  }
  return true;
}

}  // namespace ph::message::testing
