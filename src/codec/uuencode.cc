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
  out.push_back(uu_character(static_cast<unsigned>(octets.size())));
  for (std::size_t at = 0; at < octets.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (at + i < octets.size() ? static_cast<std::uint8_t>(octets[at + i]) : 0);
    out.append({uu_character(group >> 18), uu_character(group >> 12 & 63),
                uu_character(group >> 6 & 63), uu_character(group & 63)});
  }
  out += "\r\n";
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
  std::uint32_t group = 0;
  for (std::size_t i = 0, written = 0; i < characters; ++i) {
    const char c = i < text.size() ? text[i] : ' ';
    if (!is_uu_character(c)) fault(line.offset + 1 + i, "not a character of uuencode");
    group = group << 6 | uu_value(c);
    if (i % 4 != 3) continue;
    for (int shift = 16; shift >= 0 && written < octets; shift -= 8, ++written)
      out.push_back(static_cast<char>(group >> shift));
    group = 0;
  }
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

}  // namespace ph::codec
