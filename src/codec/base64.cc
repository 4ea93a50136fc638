#include "codec/base64.h"

#include <cstdint>

#include "codec/digits.h"

namespace ph::codec {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kLineOctets = 57;  // 76 characters

constexpr DigitValues kValues = digit_values(kAlphabet);

std::uint32_t octet(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(text[i]);
}

void append_base64(std::string_view octets, std::string& out) {
  const auto put = [&out](std::uint32_t group, int characters) {
    for (int i = 0; i < 4; ++i) {
      out.push_back(i < characters ? kAlphabet[(group >> (18 - 6 * i)) & 63] : '=');
    }
  };
  std::size_t i = 0;
  for (; i + 3 <= octets.size(); i += 3) {
    put(octet(octets, i) << 16 | octet(octets, i + 1) << 8 | octet(octets, i + 2), 4);
  }
  if (octets.size() - i == 1) put(octet(octets, i) << 16, 2);
  if (octets.size() - i == 2) put(octet(octets, i) << 16 | octet(octets, i + 1) << 8, 3);
}

}  // namespace

std::string encode_base64(std::string_view octets) {
  std::string out;
  out.reserve((octets.size() + 2) / 3 * 4);
  append_base64(octets, out);
  return out;
}

Result<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return fail(Kind::malformed, "base64: length is not a multiple of 4");
  std::size_t padding = 0;
  while (padding < 2 && text.size() > padding && text[text.size() - 1 - padding] == '=') ++padding;
  text.remove_suffix(padding);

  return decode_digits(text, 6, kValues, "base64: not a character of the alphabet",
                       "base64: spare bits are set");
}

void Base64LineEncoder::encode(std::string_view octets, std::string& out) {
  const auto put_line = [&](std::string_view line) {
    if (!first_line_) out += "\r\n";
    first_line_ = false;
    append_base64(line, out);
  };
  if (!held_.empty()) {
    const std::string_view more = octets.substr(0, kLineOctets - held_.size());
    held_ += more;
    octets.remove_prefix(more.size());
    if (held_.size() < kLineOctets) return;
    put_line(held_);
    held_.clear();
  }
  for (; octets.size() >= kLineOctets; octets.remove_prefix(kLineOctets))
    put_line(octets.substr(0, kLineOctets));
  held_ = octets;
}

void Base64LineEncoder::finish(std::string& out) {
  if (!held_.empty()) {
    if (!first_line_) out += "\r\n";
    append_base64(held_, out);
  }
  held_.clear();
  first_line_ = true;
}

}  // namespace ph::codec
