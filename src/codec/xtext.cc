#include "codec/xtext.h"

#include "base/ascii.h"

namespace ph::codec {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";

bool is_above_ascii(char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; }

}  // namespace

std::string encode_xtext(std::string_view octets, bool keep_utf8) {
  std::string out;
  out.reserve(octets.size());
  for (const char c : octets) {
    const bool plain = c >= '!' && c <= '~' && c != '+' && c != '=';
    if (plain || (keep_utf8 && is_above_ascii(c))) {
      out.push_back(c);
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    out.push_back('+');
    out.push_back(kDigits[octet >> 4U]);
    out.push_back(kDigits[octet & 15U]);
  }
  return out;
}

Result<std::string> decode_xtext(std::string_view text, bool keep_utf8) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool plain = c >= '!' && c <= '~' && c != '=';
    if (!plain && !(keep_utf8 && is_above_ascii(c))) {
      return fail(Kind::malformed, "a character that xtext does not have");
    }
    if (c != '+') {
      out.push_back(c);
      continue;
    }
    const std::size_t high = i + 2 < text.size() ? kDigits.find(text[i + 1]) : kDigits.npos;
    const std::size_t low = i + 2 < text.size() ? kDigits.find(text[i + 2]) : kDigits.npos;
    if (high == kDigits.npos || low == kDigits.npos) {
      return fail(Kind::malformed, "a + without two hex digits in xtext");
    }
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

}  // namespace ph::codec
