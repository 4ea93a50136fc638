#include "codec/hex_escape.h"

#include "base/ascii.h"

namespace ph::codec {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";

char sign(HexEscape coding) { return coding == HexEscape::percent ? '%' : '+'; }

/// What an encoder leaves as it is: "unreserved" of RFC 3986 §2.3, "xchar" of RFC 3461 §4.
bool is_plain(char c, HexEscape coding) {
  if (coding == HexEscape::xtext) return c >= '!' && c <= '~' && c != '+' && c != '=';
  return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/// What may stand unencoded; of a URI's characters also those with a meaning of their own.
bool is_allowed(char c, HexEscape coding) {
  if (is_plain(c, coding)) return true;
  return coding == HexEscape::percent &&
         std::string_view(":/?#[]@!$&'()*+,;=").find(c) != std::string_view::npos;
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

void HexEscapeEncoder::feed(std::string_view octets, std::string& out) {
  for (const char c : octets) {
    if (is_plain(c, coding_)) {
      out.push_back(c);
      continue;
    }
    const auto value = static_cast<unsigned char>(c);
    out.append({sign(coding_), kDigits[value >> 4], kDigits[value & 15]});
  }
}

void HexEscapeDecoder::feed(std::string_view octets, std::string& out) {
  if (ended_) *this = HexEscapeDecoder(coding_);
  for (const char c : octets) {
    take(c, out);
    ++offset_;
  }
}

void HexEscapeDecoder::take(char c, std::string& out) {
  if (!held_.empty()) {
    if (hex_value(c) >= 0) {
      held_.push_back(c);
      if (held_.size() < 3) return;
      if (coding_ == HexEscape::xtext && (held_[1] >= 'a' || c >= 'a'))
        faults_.add(offset_ - 2, "an escape in lower case");
      out.push_back(static_cast<char>(hex_value(held_[1]) * 16 + hex_value(c)));
      held_.clear();
      return;
    }
    give_up(out);
  }
  if (c == sign(coding_)) {
    held_.push_back(c);
    return;
  }
  if (!is_allowed(c, coding_)) faults_.add(offset_, "a character that has to be escaped");
  out.push_back(c);
}

void HexEscapeDecoder::give_up(std::string& out) {
  faults_.add(offset_ - held_.size(), "a sign without two hex digits");
  out += held_;
  held_.clear();
}

void HexEscapeDecoder::finish(std::string& out) {
  if (ended_) *this = HexEscapeDecoder(coding_);
  if (!held_.empty()) give_up(out);
  ended_ = true;
}

}  // namespace ph::codec
