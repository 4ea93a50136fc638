// What real bodies look like: mostly whole groups in lines of one length, which the kernels take;
// everything else octet by octet.
#include <algorithm>

#include "codec/base64.h"
#include "codec/base64_alphabet.h"

namespace ph::codec {
namespace {

/// Octets taken one by one before the kernels are asked again, where no line ends: so that input
/// of nothing but noise costs no more than a few times what it must.
constexpr std::ptrdiff_t kOneByOneOctets = 64;

constexpr std::size_t kUsefulLineCharacters = 32;

}  // namespace

void Base64Body::take(std::string_view octets, std::uint64_t offset, std::string& out,
                      Faults& faults) {
  const std::size_t used = out.size();
  const std::size_t room = used + (octets.size() + 3) / 4 * 3 + 3 + kBase64SlackOctets;
  out.resize_and_overwrite(room, [&](char* begin, std::size_t) {
    char* to = begin + used;
    const char* const first = octets.data();
    const char* const end = first + octets.size();
    const char* line = nullptr;  // where one began, as far as it was seen here
    for (const char* at = first; at != end;) {
      if (characters_ == 0 && !padded_) at = take_whole_groups(at, end, line, to);
      const char* const stop = at + std::min(end - at, kOneByOneOctets);
      while (at != stop) {
        const char c = *at;
        take_one(c, offset + static_cast<std::uint64_t>(at - first), to, faults);
        ++at;
        if (c != '\n') continue;
        line = at;
        if (characters_ == 0 && !padded_) break;
      }
    }
    return static_cast<std::size_t>(to - begin);
  });
}

/// Returns the first octet that it did not take.
const char* Base64Body::take_whole_groups(const char* in, const char* end, const char* line,
                                          char*& out) {
  const auto left = [&] { return static_cast<std::size_t>(end - in); };
  const std::size_t lines = kernels_->decode_lines(in, left(), form_, out);
  in += lines * (form_.characters + form_.end_octets);
  out += lines * (form_.characters / 4 * 3);

  const char* const begin = in;
  const std::size_t characters = kernels_->decode_groups(in, left(), out);
  in += characters;
  out += characters / 4 * 3;

  // The lines that follow will most likely have the form of this one.
  if ((begin == line || lines > 0) && characters >= kUsefulLineCharacters && left() >= 2) {
    if (in[0] == '\n')
      form_ = {characters, 1};
    else if (in[0] == '\r' && in[1] == '\n')
      form_ = {characters, 2};
  }
  return in;
}

void Base64Body::take_one(char c, std::uint64_t offset, char*& out, Faults& faults) {
  if (c == '\r' || c == '\n') return;
  if (c == '=') return take_padding(offset, out, faults);
  const std::uint8_t value = kBase64Values[static_cast<std::uint8_t>(c)];
  if (value == kNotInAlphabet) return faults.add(offset, "not a character of base64");
  if (padded_) {
    faults.add(offset, padding_due_ ? Literal("half of the padding is missing before this")
                                    : Literal("text behind the padding"));
    padded_ = padding_due_ = false;
  }
  bits_ = bits_ << 6 | value;
  if (++characters_ < 4) return;
  *out++ = static_cast<char>(bits_ >> 16);
  *out++ = static_cast<char>(bits_ >> 8);
  *out++ = static_cast<char>(bits_);
  bits_ = characters_ = 0;
}

void Base64Body::take_padding(std::uint64_t offset, char*& out, Faults& faults) {
  if (padding_due_) {
    padding_due_ = false;
    return;
  }
  if (padded_ || characters_ < 2) return faults.add(offset, "padding where none belongs");
  padding_due_ = characters_ == 2;
  padded_ = true;
  put_partial_group(offset, out, faults);
}

/// Of 2 or 3 characters.
void Base64Body::put_partial_group(std::uint64_t offset, char*& out, Faults& faults) {
  const unsigned spare = characters_ == 2 ? 4 : 2;
  if ((bits_ & ((1U << spare) - 1)) != 0) faults.add(offset, "the last character has spare bits");
  bits_ >>= spare;
  if (characters_ == 3) *out++ = static_cast<char>(bits_ >> 8);
  *out++ = static_cast<char>(bits_);
  bits_ = characters_ = 0;
}

void Base64Body::end(std::uint64_t offset, std::string& out, Faults& faults) {
  if (characters_ == 1) faults.add(offset, "a lone character at the end");
  if (characters_ > 1) {
    char group[2];
    char* to = group;
    put_partial_group(offset, to, faults);
    out.append(group, static_cast<std::size_t>(to - group));
    faults.add(offset, "padding is missing");
  }
  if (padding_due_) faults.add(offset, "half of the padding is missing");
  *this = Base64Body(*kernels_);
}

}  // namespace ph::codec
