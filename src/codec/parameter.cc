#include "codec/parameter.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "base/ascii.h"
#include "codec/charset.h"
#include "codec/encoded_word.h"
#include "codec/utf8.h"

namespace ph::codec {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// False if a "%" begins no escape; it stays.
bool append_percent_decoded(std::string_view text, std::string& out) {
  bool clean = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
    } else if (i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
      i += 2;
    } else {
      clean = false;
      out.push_back('%');
    }
  }
  return clean;
}

/// "filename*1*": what the parts of a name say.
struct Name {
  std::string base;
  std::optional<std::size_t> piece;
  bool is_extended = false;
};

Name parse_name(std::string_view text) {
  text = trimmed(text);
  Name name;
  std::string_view base = text;
  if (base.size() > 1 && base.ends_with('*')) {
    base.remove_suffix(1);
    name.is_extended = true;
  }
  const std::size_t star = base.rfind('*');
  if (star != base.npos && star > 0) {
    const std::string_view digits = base.substr(star + 1);
    std::size_t piece = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), piece);
    if (error == std::errc() && end == digits.data() + digits.size() &&
        piece < kParameterPiecesMax) {
      name.piece = piece;
      base = base.substr(0, star);
    } else {
      base = text;  // no name of RFC 2231
      name.is_extended = false;
    }
  }
  name.base = ascii_lower(base);
  return name;
}

struct Piece {
  std::string_view value;
  bool is_extended;
};

/// All that a field has under one name.
struct Values {
  std::string name;
  std::optional<std::string_view> plain;     // name=
  std::optional<std::string_view> extended;  // name*=
  std::map<std::size_t, Piece> pieces;       // name*0=, name*1*=
  bool has_doubles = false;
};

void add(Values& values, const Name& name, std::string_view value) {
  if (name.piece) {
    if (!values.pieces.emplace(*name.piece, Piece{value, name.is_extended}).second)
      values.has_doubles = true;
    return;
  }
  auto& one = name.is_extended ? values.extended : values.plain;
  if (one) {
    values.has_doubles = true;
  } else {
    one = value;
  }
}

/// A claimed charset and language off the front of an extended value. RFC 2231 §4.
bool take_claims(std::string_view& text, Parameter& parameter) {
  const std::size_t first = text.find('\'');
  const std::size_t second = first == text.npos ? first : text.find('\'', first + 1);
  if (second == text.npos) return false;
  parameter.charset = text.substr(0, first);
  parameter.language = text.substr(first + 1, second - first - 1);
  text.remove_prefix(second + 1);
  return true;
}

std::string decode_plain(std::string_view text, bool& is_faulty) {
  if (text.find("=?") == text.npos && is_ascii(text)) return std::string(text);
  Faults faults;
  std::string decoded = decode_encoded_words(text, &faults);
  is_faulty = is_faulty || faults.count() > 0 || decoded != text;
  return decoded;
}

Parameter join(const Values& values) {
  Parameter parameter{.name = values.name, .is_faulty = values.has_doubles};
  std::map<std::size_t, Piece> pieces;
  const bool has_start = values.pieces.contains(0);
  if (values.extended && !(has_start && values.pieces.at(0).is_extended)) {
    pieces.emplace(0, Piece{*values.extended, true});
  } else if (has_start || !values.plain) {
    pieces = values.pieces;
  }
  if (pieces.empty()) {
    parameter.value = decode_plain(*values.plain, parameter.is_faulty);
    return parameter;
  }
  std::string octets;
  bool is_extended = false;
  std::size_t expected = 0;
  for (const auto& [number, piece] : pieces) {
    if (number != expected) parameter.is_faulty = true;
    std::string_view text = piece.value;
    if (piece.is_extended) {
      if (expected == 0 && !take_claims(text, parameter)) parameter.is_faulty = true;
      is_extended = true;
      if (!append_percent_decoded(text, octets)) parameter.is_faulty = true;
    } else {
      octets += text;
    }
    expected = number + 1;
  }
  if (is_extended) {
    parameter.value = to_utf8(octets, parameter.charset);
    if (!parameter.charset.empty() && canonical_charset(parameter.charset).empty())
      parameter.is_faulty = true;
  } else {
    parameter.value = decode_plain(octets, parameter.is_faulty);
  }
  return parameter;
}

bool is_token(char c) {  // RFC 2045 §5.1
  return c > ' ' && c < '\x7f' &&
         std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
}
bool is_attribute(char c) {  // RFC 2231 §7
  return is_token(c) && c != '*' && c != '\'' && c != '%';
}
bool is_quotable(char c) { return c >= ' ' && c <= '~'; }

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out += '"';
}

std::string percent(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_attribute(c)) {
      out.push_back(c);
      continue;
    }
    const auto value = static_cast<unsigned char>(c);
    out.append({'%', kDigits[value >> 4], kDigits[value & 15]});
  }
  return out;
}

}  // namespace

std::vector<Parameter> join_parameters(std::span<const RawParameter> raw) {
  std::vector<Values> all;
  std::map<std::string, std::size_t> where;
  for (const RawParameter& one : raw) {
    const Name name = parse_name(one.name);
    const auto [found, is_new] = where.try_emplace(name.base, all.size());
    if (is_new) all.push_back({.name = name.base});
    add(all[found->second], name, one.value);
  }
  std::vector<Parameter> out;
  out.reserve(all.size());
  for (const Values& values : all) out.push_back(join(values));
  return out;
}

std::vector<std::string> encode_parameter(std::string_view name, std::string_view value) {
  std::string repaired;
  if (!is_utf8(value)) value = repaired = to_utf8(value, "utf-8");
  constexpr std::size_t kRoom = kParameterLineOctetsMax - 2;  // " " before, ";" behind
  // What looks like an encoded word, many readers decode (RFC 2047 §5 (3) forbids it).
  const bool is_plain = std::ranges::all_of(value, is_quotable) && value.find("=?") == value.npos;
  const bool is_word = !value.empty() && std::ranges::all_of(value, is_token);
  const auto whole = [&] {
    std::string out(name);
    if (!is_plain) return out + "*=utf-8''" + percent(value);
    return out + "=" + (is_word ? std::string(value) : quoted(value));
  };
  if (std::string one = whole(); one.size() <= kRoom) return {std::move(one)};

  std::vector<std::string> pieces;
  while (!value.empty() || pieces.empty()) {
    std::string piece = std::string(name) + "*" + std::to_string(pieces.size());
    piece += is_plain ? "=\"" : pieces.empty() ? "*=utf-8''" : "*=";
    bool is_first = true;
    while (!value.empty()) {
      const std::size_t octets = utf8_head(value).octets;
      std::string next =
          is_plain ? quoted(value.substr(0, octets)) : percent(value.substr(0, octets));
      if (is_plain) next = next.substr(1, next.size() - 2);
      // At least one character a piece, however long the name is.
      if (!is_first && piece.size() + next.size() + (is_plain ? 1 : 0) > kRoom) break;
      piece += next;
      value.remove_prefix(octets);
      is_first = false;
    }
    if (is_plain) piece += '"';
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

}  // namespace ph::codec
