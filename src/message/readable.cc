#include "message/readable.h"

#include <algorithm>

#include "codec/encoded_word.h"
#include "message/utf8.h"

namespace ph::message {
namespace {

/// The octet that a backslash at `i` quotes; a fold that came between the two is passed over.
std::size_t quoted_by(std::string_view text, std::size_t i) {
  const std::size_t next = i + 1;
  if (next >= text.size() || (text[next] != '\r' && text[next] != '\n')) return next;
  const std::size_t behind = text.find_first_not_of(" \t\r\n", next);
  return behind == text.npos ? next : behind;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      out.push_back(text.front());
      text.remove_prefix(1);
    } else if (const std::size_t octets = utf8_character_octets(text)) {
      out.append(text.substr(0, octets));
      text.remove_prefix(octets);
    } else {
      out += "\xef\xbf\xbd";
      text.remove_prefix(1);
    }
  }
  return out;
}

std::size_t comment_octets(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') {
      ++depth;
    } else if (depth == 0) {
      return 0;
    } else if (text[i] == '\\') {
      i = quoted_by(text, i);
    } else if (text[i] == ')' && --depth == 0) {
      return i + 1;
    }
  }
  return 0;
}

std::size_t quoted_octets(std::string_view text) {
  if (!text.starts_with('"')) return 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      i = quoted_by(text, i);
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return 0;
}

std::string unquoted(std::string_view inside) {
  std::string out;
  out.reserve(inside.size());
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == '\\' && i + 1 < inside.size()) i = quoted_by(inside, i);
    if (inside[i] != '\r' && inside[i] != '\n') {
      out.push_back(inside[i]);
      continue;
    }
    while (out.ends_with(' ') || out.ends_with('\t')) out.pop_back();
    out.push_back(' ');
    i = std::min(inside.find_first_not_of(" \t\r\n", i), inside.size()) - 1;
  }
  return out;
}

std::string readable_text(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  bool plain = true;
  bool folded = false;  // at a fold, whose white space counts as one blank
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < ' ' || c == '\x7f';
    if (c == '\r' || c == '\n') {
      while (line.ends_with(' ')) line.pop_back();
      folded = true;
    } else if (!folded || (c != ' ' && !control)) {
      if (folded && !line.empty()) line.push_back(' ');
      folded = false;
      line.push_back(control ? ' ' : c);
      plain = plain && static_cast<unsigned char>(c) < 0x80 && c != '=';
    }
  }
  while (line.ends_with(' ')) line.pop_back();
  const std::size_t first = line.find_first_not_of(' ');
  if (first != line.npos) line.erase(0, first);
  return plain ? line : codec::decode_encoded_words(line);
}

}  // namespace ph::message
