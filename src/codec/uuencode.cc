#include "codec/uuencode.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/ascii.h"
#include "codec/uuencode_lines.h"

namespace ph::codec {
namespace {

char uu_character(unsigned value) { return value == 0 ? '`' : static_cast<char>(value + ' '); }

void append_line(std::string_view octets, std::string& out) {
  std::array<char, 1 + uu_characters(kUuLineOctets) + 2> line;
  char* to = line.data();
  *to++ = uu_character(static_cast<unsigned>(octets.size()));
  for (std::size_t at = 0; at < octets.size(); at += 3) {
    std::array<std::uint8_t, 3> group{};
    octets.substr(at).copy(reinterpret_cast<char*>(group.data()), group.size());
    *to++ = uu_character(group[0] >> 2);
    *to++ = uu_character((group[0] & 3U) << 4 | group[1] >> 4);
    *to++ = uu_character((group[1] & 15U) << 2 | group[2] >> 6);
    *to++ = uu_character(group[2] & 63U);
  }
  *to++ = '\r';
  *to++ = '\n';
  out.append(line.data(), static_cast<std::size_t>(to - line.data()));
}

}  // namespace

void UuDecoder::start() { *this = UuDecoder(); }

void UuDecoder::take(std::string_view octets, std::string& out) {
  for (std::uint64_t at = offset(); !octets.empty() && !ended_;)
    if (const auto line = lines_.next(octets, at)) take_line(*line, out);
}

void UuDecoder::take_line(const TextLine& line, std::string& out) {
  if (!file_) {
    file_ = parse_uu_begin(line.text);
    return;
  }
  if (is_uu_end(line.text, file_->base64)) {
    if (file_->base64) base64_.end(line.offset, out, fault_list());
    ended_ = true;
    return;
  }
  if (file_->base64)
    base64_.take(line.text, line.offset, out, fault_list());
  else
    take_data(line, out);
  if (line.cut) fault(line.offset + line.text.size(), "more on a line than is looked at");
}

void UuDecoder::take_data(const TextLine& line, std::string& out) {
  std::string_view text = line.text;
  if (trimmed(text).empty() || (is_uu_character(text[0]) && uu_value(text[0]) == 0)) {
    if (!empty_line_at_) empty_line_at_ = line.offset;  // right, if "end" follows
    return;
  }
  if (!is_uu_character(text[0])) return fault(line.offset, "a line that says no length");
  if (empty_line_at_) fault(*empty_line_at_, "an empty line with others behind it");
  empty_line_at_.reset();

  const std::size_t octets = uu_value(text[0]), characters = uu_characters(octets);
  text.remove_prefix(1);
  // Whole groups, and room for the octets that the last of them has too many.
  std::array<char, uu_characters(63)> line_text;
  line_text.fill(' ');
  text.copy(line_text.data(), characters);
  std::array<char, uu_characters(63) / 4 * 3> decoded;
  bool right = true;
  for (std::size_t i = 0; i < characters; i += 4) {
    const char* const in = line_text.data() + i;
    right = right && is_uu_character(in[0]) && is_uu_character(in[1]) && is_uu_character(in[2]) &&
            is_uu_character(in[3]);
    const std::uint32_t group =
        uu_value(in[0]) << 18 | uu_value(in[1]) << 12 | uu_value(in[2]) << 6 | uu_value(in[3]);
    char* const to = decoded.data() + i / 4 * 3;
    to[0] = static_cast<char>(group >> 16);
    to[1] = static_cast<char>(group >> 8);
    to[2] = static_cast<char>(group);
  }
  out.append(decoded.data(), octets);
  for (std::size_t i = 0; i < characters && !right; ++i)
    if (!is_uu_character(line_text[i])) fault(line.offset + 1 + i, "not a character of uuencode");
  if (text.size() < (octets * 8 + 5) / 6)
    fault(line.offset + 1 + text.size(), "a line with less than it says");
  else if (text.size() > characters && !trimmed(text.substr(characters)).empty())
    fault(line.offset + 1 + characters, "a line with more than it says");
}

void UuDecoder::end(std::string& out) {
  if (!ended_)
    if (const auto line = lines_.last()) take_line(*line, out);
  if (!file_) return fault(0, "no line says \"begin\"");
  if (ended_) return;
  if (file_->base64) base64_.end(offset(), out, fault_list());
  fault(offset(), "no line says \"end\"");
}

void UuEncoder::start() {
  held_octets_ = 0;
  begun_ = any_ = false;
}

void UuEncoder::put_begin(std::string& out) {
  if (begun_) return;
  begun_ = true;
  std::string name = file_.name.substr(0, kUuNameOctetsMax);
  std::ranges::replace_if(name, [](char c) { return c >= 0 && (c < ' ' || c == 0x7f); }, '_');
  fmt::format_to(std::back_inserter(out), "begin{} {:03o} {}\r\n", file_.base64 ? "-base64" : "",
                 file_.mode, trimmed(name).empty() ? "-" : trimmed(name));
}

void UuEncoder::take(std::string_view octets, std::string& out) {
  put_begin(out);
  any_ = any_ || !octets.empty();
  if (file_.base64) return base64_.feed(octets, out);
  while (held_octets_ + octets.size() >= kUuLineOctets) {
    octets.copy(held_.data() + held_octets_, kUuLineOctets - held_octets_);
    octets.remove_prefix(kUuLineOctets - held_octets_);
    held_octets_ = 0;
    append_line({held_.data(), held_.size()}, out);
  }
  held_octets_ += octets.copy(held_.data() + held_octets_, octets.size());
}

void UuEncoder::end(std::string& out) {
  put_begin(out);
  if (file_.base64) {
    base64_.finish(out);
    out += any_ ? "\r\n====\r\n" : "====\r\n";
    return;
  }
  if (held_octets_ > 0) append_line({held_.data(), held_octets_}, out);
  out += "`\r\nend\r\n";
}

std::vector<Fact> UuDecoder::facts() const {
  if (!file_) return {};
  return {{"name", file_->name},
          {"mode", fmt::format("{:o}", file_->mode)},
          {"ended", ended_ ? "yes" : "no"}};
}

}  // namespace ph::codec
