#include "message/content_type.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"

namespace ph::message {
namespace {

constexpr int kCommentDepthMax = 16;

bool is_blank(char c) { return is_space(c) || c == '\r' || c == '\n'; }

/// RFC 2045 §5.1, and whatever is above ASCII: such names exist.
bool is_token(char c) {
  return (c > ' ' && c <= '~' && !std::string_view("()<>@,;:\\\"/[]?=").contains(c)) ||
         static_cast<unsigned char>(c) > 127;
}

void skip_comments(std::string_view& text) {
  int depth = 0;
  while (!text.empty()) {
    const char c = text.front();
    if (c == '(' && depth < kCommentDepthMax) {
      ++depth;
    } else if (c == ')' && depth > 0) {
      --depth;
    } else if (c == '\\' && depth > 0 && text.size() > 1) {
      text.remove_prefix(1);
    } else if (depth == 0 && !is_blank(c)) {
      return;
    }
    text.remove_prefix(1);
  }
}

template <class Fits>
std::string_view take_run(std::string_view& text, Fits fits) {
  const auto end = std::ranges::find_if_not(text, fits) - text.begin();
  const std::string_view run = text.substr(0, static_cast<std::size_t>(end));
  text.remove_prefix(run.size());
  return run;
}

std::string_view take_token(std::string_view& text) {
  const std::string_view token = take_run(text, is_token);
  skip_comments(text);
  return token;
}

/// Does `name =` stand here?
bool begins_parameter(std::string_view text) {
  const std::string_view name = take_run(text, is_token);
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return !name.empty() && text.starts_with('=');
}

std::string_view take_quoted(std::string_view& text, bool& is_escaped) {
  text.remove_prefix(1);
  std::size_t i = 0;
  for (; i < text.size() && text[i] != '"'; ++i) {
    const char c = text[i];
    if (c != '\\' && c != '\r' && c != '\n') continue;
    is_escaped = true;
    if (c == '\\' && i + 1 < text.size()) ++i;
  }
  const std::string_view value = text.substr(0, i);
  text.remove_prefix(std::min(i + 1, text.size()));
  return value;
}

/// Without quotes. Of a file name all words, up to ";" or the next parameter: what looks like a
/// comment is part of it ("letter (2).pdf").
std::string_view take_words(std::string_view& text, bool is_file_name, bool& is_escaped) {
  const auto in_word = [](char c) { return c != ';' && !is_blank(c); };
  const std::string_view from = text;
  std::size_t octets = take_run(text, in_word).size();
  const bool is_encoded = from.starts_with("=?");  // encoded words, as if in a phrase
  while (is_file_name || is_encoded) {
    std::string_view next = text;
    take_run(next, is_blank);
    if (next.empty() || next.front() == ';' || next.front() == '"') break;
    if (begins_parameter(next)) break;
    if (!is_file_name && !next.starts_with("=?")) break;
    take_run(next, in_word);
    octets = from.size() - next.size();
    text = next;
  }
  const std::string_view value = from.substr(0, octets);
  is_escaped = value.find_first_of("\r\n") != value.npos;
  return value;
}

bool is_file_name(std::string_view name) {
  name = name.substr(0, name.find('*'));
  return same_ascii(name, "name") || same_ascii(name, "filename");
}

/// A parameter that begins at `text`; what is none is passed over up to where one may begin.
void take_parameter(std::string_view& text, std::vector<ContentValue::Parameter>& out) {
  ContentValue::Parameter parameter;
  const std::size_t left = text.size();
  parameter.name = take_token(text);
  if (!text.starts_with('=')) {
    if (text.size() == left) text.remove_prefix(1);
    return;
  }
  text.remove_prefix(1);
  skip_comments(text);
  const bool is_quoted = text.starts_with('"');
  parameter.value = is_quoted
                        ? take_quoted(text, parameter.is_escaped)
                        : take_words(text, is_file_name(parameter.name), parameter.is_escaped);
  skip_comments(text);
  if (parameter.name.empty() || (parameter.value.empty() && !is_quoted)) return;
  if (out.size() < kContentParametersMax) out.push_back(parameter);
}

}  // namespace

const ContentValue::Parameter* ContentValue::find(std::string_view name) const {
  const auto found = std::ranges::find_if(
      parameters, [name](const Parameter& p) { return same_ascii(p.name, name); });
  return found == parameters.end() ? nullptr : &*found;
}

void parse_content_value(std::string_view value, ContentValue& out) {
  out.type = out.subtype = {};
  out.parameters.clear();
  while (value.ends_with('\n') || value.ends_with('\r')) value.remove_suffix(1);
  skip_comments(value);
  const auto in_type = [](char c) { return c != ';' && c != '/' && c != '(' && !is_blank(c); };
  out.type = take_run(value, in_type);
  skip_comments(value);
  if (value.starts_with('/')) {
    value.remove_prefix(1);
    skip_comments(value);
    if (!begins_parameter(value))
      out.subtype = take_run(value, [=](char c) { return in_type(c) || c == '/'; });
    skip_comments(value);
  }
  if (out.type.empty()) out.subtype = {};
  while (!value.empty()) {
    if (value.front() == ';') {
      value.remove_prefix(1);
      skip_comments(value);
    } else {
      take_parameter(value, out.parameters);
    }
  }
}

std::string unquoted(const ContentValue::Parameter& parameter) {
  if (!parameter.is_escaped) return std::string(parameter.value);
  std::string out;
  out.reserve(parameter.value.size());
  for (std::size_t i = 0; i < parameter.value.size(); ++i) {
    char c = parameter.value[i];
    if (c == '\r' || c == '\n') continue;
    if (c == '\\' && i + 1 < parameter.value.size()) c = parameter.value[++i];
    out.push_back(c);
  }
  return out;
}

std::vector<codec::Parameter> joined_parameters(const ContentValue& value) {
  std::vector<std::string> values;
  values.reserve(value.parameters.size());
  std::vector<codec::RawParameter> raw;
  raw.reserve(value.parameters.size());
  for (const ContentValue::Parameter& parameter : value.parameters) {
    if (parameter.is_escaped) values.push_back(unquoted(parameter));
    raw.push_back({parameter.name, parameter.is_escaped ? values.back() : parameter.value});
  }
  return codec::join_parameters(raw);
}

ContentType content_type(const ContentValue& value) {
  ContentType out;
  if (value.type.empty() || value.subtype.empty()) return out;
  out.type = ascii_lower(value.type);
  out.subtype = ascii_lower(value.subtype);
  const ContentValue::Parameter* parameter = value.find("boundary");
  if (parameter == nullptr) return out;
  std::string boundary = unquoted(*parameter);
  while (!boundary.empty() && is_space(boundary.back())) boundary.pop_back();
  if (boundary.size() <= kBoundaryOctetsMax) out.boundary = std::move(boundary);
  return out;
}

ContentType parse_content_type(std::string_view value) {
  ContentValue parsed;
  parse_content_value(value, parsed);
  return content_type(parsed);
}

TransferEncoding parse_transfer_encoding(std::string_view value) {
  using enum TransferEncoding;
  constexpr auto names = std::to_array<std::pair<std::string_view, TransferEncoding>>(
      {{"", seven_bit},
       {"7bit", seven_bit},
       {"7-bit", seven_bit},
       {"8bit", eight_bit},
       {"8-bit", eight_bit},
       {"binary", binary},
       {"quoted-printable", quoted_printable},
       {"base64", base64},
       {"x-uuencode", uuencode},
       {"x-uue", uuencode},
       {"uuencode", uuencode},
       {"uue", uuencode}});
  skip_comments(value);
  const bool is_quoted = value.starts_with('"');
  if (is_quoted) value.remove_prefix(1);
  const std::string_view token = take_token(value);
  if (is_quoted && value.starts_with('"')) {
    value.remove_prefix(1);
    skip_comments(value);
  }
  if (!value.empty() && (value.front() != ';' || token.empty())) return other;
  for (const auto& [name, encoding] : names)
    if (same_ascii(name, token)) return encoding;
  return other;
}

}  // namespace ph::message
