#include "codec/base64.h"

#include <algorithm>

#include "codec/base64_alphabet.h"

namespace ph::codec {
namespace {

/// The last octets, 1 or 2 of them, with their padding: 4 characters at `out`.
void encode_tail(std::string_view octets, char* out) {
  char group[3] = {};
  octets.copy(group, sizeof group);
  portable_base64_kernels().encode_groups(group, 1, out);
  std::fill(out + octets.size() + 1, out + 4, '=');
}

std::size_t encoded_octets(std::size_t octets) { return (octets + 2) / 3 * 4; }

void append_encoded(const Base64Kernels& kernels, std::string_view octets, std::string& out) {
  const std::size_t used = out.size(), size = used + encoded_octets(octets.size());
  // What the lambda is told as the size may be more than was asked for (libstdc++ 12).
  out.resize_and_overwrite(size, [&](char* to, std::size_t) {
    const std::size_t groups = octets.size() / 3;
    kernels.encode_groups(octets.data(), groups, to + used);
    if (octets.size() % 3 != 0) encode_tail(octets.substr(groups * 3), to + used + groups * 4);
    return size;
  });
}

}  // namespace

std::string encode_base64(std::string_view octets) {
  std::string out;
  append_encoded(base64_kernels(), octets, out);
  return out;
}

Result<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return fail(Kind::malformed, "base64: length is not a multiple of 4");
  std::size_t padding = 0;
  while (padding < 2 && text.size() > padding && text[text.size() - 1 - padding] == '=') ++padding;
  text.remove_suffix(padding);

  std::string out;
  out.resize_and_overwrite(
      text.size() / 4 * 3 + kBase64SlackOctets, [&text](char* to, std::size_t) {
        const std::size_t taken = base64_kernels().decode_groups(text.data(), text.size(), to);
        text.remove_prefix(taken);
        return taken / 4 * 3;
      });
  // What is left is the group with the padding, or one that is wrong.
  PH_TRY([[maybe_unused]] const Done done,
         decode_base_n<6>(text, kBase64Values,
                          {"base64: not a character of the alphabet", "base64: spare bits are set"},
                          out));
  return out;
}

void Base64Encoder::take(std::string_view octets, std::string& out) {
  const std::size_t lines = (held_octets_ + octets.size()) / kBase64LineOctets;
  if (lines == 0) {
    held_octets_ += octets.copy(held_.data() + held_octets_, octets.size());
    return;
  }
  // Each line with the CRLF before it; the first of all has none.
  const std::size_t used = out.size();
  const std::size_t size = used + lines * (2 + kBase64LineCharacters) - (first_line_ ? 2 : 0);
  out.resize_and_overwrite(size, [&](char* to, std::size_t) {
    char* at = to + used;
    std::size_t whole = lines;
    if (held_octets_ > 0 || first_line_) {
      octets.copy(held_.data() + held_octets_, kBase64LineOctets - held_octets_);
      octets.remove_prefix(kBase64LineOctets - held_octets_);
      if (!first_line_) {
        *at++ = '\r';
        *at++ = '\n';
      }
      kernels_->encode_groups(held_.data(), kBase64LineOctets / 3, at);
      at += kBase64LineCharacters;
      --whole;
    }
    kernels_->encode_lines(octets.data(), whole, at);
    octets.remove_prefix(whole * kBase64LineOctets);
    return size;
  });
  first_line_ = false;
  held_octets_ = octets.copy(held_.data(), octets.size());
}

void Base64Encoder::end(std::string& out) {
  if (held_octets_ > 0) {
    if (!first_line_) out += "\r\n";
    append_encoded(*kernels_, {held_.data(), held_octets_}, out);
  }
  held_octets_ = 0;
  first_line_ = true;
}

}  // namespace ph::codec
