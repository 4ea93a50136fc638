#include <algorithm>

#include "base/ascii.h"
#include "codec/quoted_printable_plain.h"

namespace ph::codec {
namespace {

constexpr std::string_view kFrom = "From";
constexpr std::string_view kSoftBreak = "=\r\n";
constexpr std::string_view kHex = "0123456789ABCDEF";

std::size_t plain_octets(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
}

}  // namespace

void QuotedPrintableEncoder::take(std::string_view octets, std::string& out) {
  while (!octets.empty()) {
    // Most octets stay as they are and stand where a line has nothing special.
    if (!line_.cr && line_.column > kFrom.size() &&
        line_.column < kQuotedPrintableLineOctetsMax - 4 && is_plain(octets.front())) {
      if (line_.holding) put_held(false, out);
      // As many as the line takes, and the last of them held back.
      const std::size_t run =
          plain_octets(octets.substr(0, kQuotedPrintableLineOctetsMax - line_.column));
      out.append(octets.substr(0, run - 1));
      line_.column += run - 1;
      line_.held = octets[run - 1];
      line_.holding = true;
      octets.remove_prefix(run);
      continue;
    }
    take_one(octets.front(), out);
    octets.remove_prefix(1);
  }
}

void QuotedPrintableEncoder::take_one(char c, std::string& out) {
  if (line_.cr) {
    line_.cr = false;
    if (c == '\n') return put_line_break(out);
    if (line_.holding) put_held(false, out);
    line_.held = '\r';
    line_.holding = true;
  }
  if (c == '\r' && flavour_ == QuotedPrintable::text) {
    line_.cr = true;
    return;
  }
  if (line_.holding) put_held(false, out);
  line_.held = c;
  line_.holding = true;
}

void QuotedPrintableEncoder::put_held(bool last_of_line, std::string& out) {
  const bool always = !is_plain(line_.held) || (last_of_line && is_space(line_.held));
  // The "=" of a soft break needs room, too, unless the line ends here anyway.
  const std::size_t room = kQuotedPrintableLineOctetsMax - (last_of_line ? 0 : 1);
  bool escape = false;
  std::size_t octets = 0;
  for (;;) {
    escape = always || (line_.held == '.' && line_.column == 0 && last_of_line) ||
             (line_.held == '-' && line_.column == 0 && line_.soft) ||
             (line_.held == ' ' && line_.column == kFrom.size() && line_.from == kFrom.size());
    octets = escape ? 3 : 1;
    if (line_.column + octets <= room) break;
    out += kSoftBreak;
    line_.column = line_.from = 0;
    line_.soft = true;
  }
  if (line_.column == line_.from && line_.from < kFrom.size() && line_.held == kFrom[line_.from])
    ++line_.from;
  line_.column += octets;
  if (!escape) {
    out.push_back(line_.held);
    return;
  }
  const auto value = static_cast<unsigned char>(line_.held);
  out.append({'=', kHex[value >> 4], kHex[value & 15]});
}

void QuotedPrintableEncoder::put_line_break(std::string& out) {
  if (line_.holding) put_held(true, out);
  out += "\r\n";
  line_ = {};
}

void QuotedPrintableEncoder::end(std::string& out) {
  if (line_.cr) {
    if (line_.holding) put_held(false, out);
    line_.held = '\r';
    line_.holding = true;
  }
  if (line_.holding) put_held(true, out);
  line_ = {};
}

}  // namespace ph::codec
