#include "codec/quoted_printable.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace ph::codec {
namespace {

constexpr std::string_view kFrom = "From";
constexpr std::string_view kSoftBreak = "=\r\n";
constexpr std::string_view kHex = "0123456789ABCDEF";

constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (int i = 0; i < 256; ++i)
    plain[static_cast<std::size_t>(i)] = !needs_quoted_printable_escape(static_cast<char>(i));
  return plain;
}();

bool is_plain(char c) { return kPlain[static_cast<unsigned char>(c)]; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::size_t plain_octets(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
}

}  // namespace

void QuotedPrintableEncoder::encode(std::string_view octets, std::string& out) {
  while (!octets.empty()) {
    // Most octets stay as they are and stand where a line has nothing special.
    if (!cr_ && column_ > kFrom.size() && column_ < kQuotedPrintableLineOctetsMax - 4 &&
        is_plain(octets.front())) {
      if (holding_) put_held(false, out);
      // As many as the line takes, and the last of them held back.
      const std::size_t run =
          plain_octets(octets.substr(0, kQuotedPrintableLineOctetsMax - column_));
      out.append(octets.substr(0, run - 1));
      column_ += run - 1;
      held_ = octets[run - 1];
      holding_ = true;
      octets.remove_prefix(run);
      continue;
    }
    take(octets.front(), out);
    octets.remove_prefix(1);
  }
}

void QuotedPrintableEncoder::take(char c, std::string& out) {
  if (cr_) {
    cr_ = false;
    if (c == '\n') return put_line_break(out);
    if (holding_) put_held(false, out);
    held_ = '\r';
    holding_ = true;
  }
  if (c == '\r' && flavour_ == QuotedPrintable::text) {
    cr_ = true;
    return;
  }
  if (holding_) put_held(false, out);
  held_ = c;
  holding_ = true;
}

void QuotedPrintableEncoder::put_held(bool last_of_line, std::string& out) {
  const bool always = !is_plain(held_) || (last_of_line && is_space(held_));
  // The "=" of a soft break needs room, too, unless the line ends here anyway.
  const std::size_t room = kQuotedPrintableLineOctetsMax - (last_of_line ? 0 : 1);
  bool escape = false;
  std::size_t octets = 0;
  for (;;) {
    escape = always || (held_ == '.' && column_ == 0 && last_of_line) ||
             (held_ == '-' && column_ == 0 && soft_) ||
             (held_ == ' ' && column_ == kFrom.size() && from_ == kFrom.size());
    octets = escape ? 3 : 1;
    if (column_ + octets <= room) break;
    out += kSoftBreak;
    column_ = from_ = 0;
    soft_ = true;
  }
  if (column_ == from_ && from_ < kFrom.size() && held_ == kFrom[from_]) ++from_;
  column_ += octets;
  if (!escape) {
    out.push_back(held_);
    return;
  }
  const auto value = static_cast<unsigned char>(held_);
  out.append({'=', kHex[value >> 4], kHex[value & 15]});
}

void QuotedPrintableEncoder::put_line_break(std::string& out) {
  if (holding_) put_held(true, out);
  out += "\r\n";
  *this = QuotedPrintableEncoder(flavour_);
}

void QuotedPrintableEncoder::finish(std::string& out) {
  if (cr_) {
    if (holding_) put_held(false, out);
    held_ = '\r';
    holding_ = true;
  }
  if (holding_) put_held(true, out);
  *this = QuotedPrintableEncoder(flavour_);
}

void QuotedPrintableDecoder::decode(std::string_view octets, std::string& out) {
  while (!octets.empty()) {
    if (at_ == At::text) {
      const std::string_view run = octets.substr(0, plain_octets(octets));
      const std::size_t solid = run.find_last_not_of(" \t") + 1;  // 0 when all of it is blank
      if (solid > 0) {
        out += blank_;
        blank_.clear();
        out += run.substr(0, solid);
        octets.remove_prefix(solid);
        continue;
      }
    }
    take(octets.front(), out);
    octets.remove_prefix(1);
  }
}

void QuotedPrintableDecoder::take(char c, std::string& out) {
  switch (at_) {
    case At::text: return take_text(c, out);
    case At::text_cr:
      at_ = At::text;
      if (c == '\n') {
        blank_.clear();
        out += "\r\n";
        return;
      }
      put_bare_cr(out);
      return take_text(c, out);
    case At::equals:
    case At::equals_blank:
      if (c == '\r') {
        at_ = At::equals_cr;
      } else if (c == '\n') {
        ++malformed_;
        blank_.clear();
        at_ = At::text;
      } else if (is_space(c) && blank_.size() < kQuotedPrintableBlankOctetsMax) {
        blank_.push_back(c);
        at_ = At::equals_blank;
      } else if (at_ == At::equals && hex_value(c) >= 0) {
        hex_ = c;
        at_ = At::equals_hex;
      } else {
        give_up_escape(out);
        take_text(c, out);
      }
      return;
    case At::equals_hex:
      if (hex_value(c) < 0) {
        give_up_escape(out);
        return take_text(c, out);
      }
      out.push_back(static_cast<char>(hex_value(hex_) * 16 + hex_value(c)));
      at_ = At::text;
      return;
    case At::equals_cr:
      if (c == '\n') {
        blank_.clear();
        at_ = At::text;
        return;
      }
      give_up_escape(out);
      at_ = At::text_cr;
      return take(c, out);
  }
}

void QuotedPrintableDecoder::take_text(char c, std::string& out) {
  if (is_space(c)) {
    if (blank_.size() == kQuotedPrintableBlankOctetsMax) {
      out += blank_;
      blank_.clear();
    }
    blank_.push_back(c);
    return;
  }
  if (c == '\r') {
    at_ = At::text_cr;
    return;
  }
  if (c != '\n') out += blank_;
  blank_.clear();
  if (c == '=') {
    at_ = At::equals;
    return;
  }
  if (!is_plain(c)) ++malformed_;
  out.push_back(c);
}

void QuotedPrintableDecoder::put_bare_cr(std::string& out) {
  ++malformed_;
  out += blank_;
  blank_.clear();
  out.push_back('\r');
}

/// What follows the "=" is text like any other; blanks behind it stay held back.
void QuotedPrintableDecoder::give_up_escape(std::string& out) {
  ++malformed_;
  out.push_back('=');
  if (at_ == At::equals_hex) out.push_back(hex_);
  at_ = At::text;
}

void QuotedPrintableDecoder::finish(std::string& out) {
  if (at_ == At::equals_hex || at_ == At::equals_cr) {
    const bool cr = at_ == At::equals_cr;
    give_up_escape(out);
    if (cr) at_ = At::text_cr;
  }
  if (at_ == At::text_cr) put_bare_cr(out);
  blank_.clear();
  at_ = At::text;
}

}  // namespace ph::codec
