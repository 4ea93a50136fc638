#include "codec/utf7.h"

#include "base/ascii.h"

namespace ph::codec {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+";  // and "/" or ","

char last_digit(Utf7 flavour) { return flavour == Utf7::mailbox ? ',' : '/'; }
char shift(Utf7 flavour) { return flavour == Utf7::mailbox ? '&' : '+'; }

int base64_value(char c, Utf7 flavour) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  return c == '+' ? 62 : c == last_digit(flavour) ? 63 : -1;
}

bool is_high(std::uint32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool is_low(std::uint32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

bool is_printable(char32_t point) { return point >= ' ' && point <= '~'; }

/// What may stand outside base64.
bool is_direct(char c, Utf7 flavour) {
  if (flavour == Utf7::mailbox) return is_printable(static_cast<unsigned char>(c));
  if (c == '\t' || c == '\r' || c == '\n') return true;
  return is_printable(static_cast<unsigned char>(c)) && c != '~' && c != '\\';
}

/// What we write outside base64.
bool is_written_direct(char32_t point, Utf7 flavour) {
  if (flavour == Utf7::mailbox) return is_printable(point);
  if (point >= 0x80) return false;
  const char c = static_cast<char>(point);
  return is_alpha(c) || is_digit(c) ||
         std::string_view("'(),-./:? \t\r\n").find(c) != std::string_view::npos;
}

}  // namespace

void Utf7Decoder::feed(std::string_view octets, std::string& out) {
  if (ended_) *this = Utf7Decoder(flavour_);
  for (const char c : octets) {
    if (shifted_) {
      take_shifted(c, out);
    } else {
      take_direct(c, out);
    }
    ++offset_;
  }
}

void Utf7Decoder::finish(std::string& out) {
  if (ended_) *this = Utf7Decoder(flavour_);
  if (shifted_) {
    if (flavour_ == Utf7::mailbox) fault("base64 that \"-\" does not end");
    if (is_empty_ && flavour_ == Utf7::text) fault("a shift with nothing in it");
    end_base64(out);
  }
  ended_ = true;
}

void Utf7Decoder::take_direct(char c, std::string& out) {
  if (c == shift(flavour_)) {
    shifted_ = is_empty_ = true;
    return;
  }
  after_base64_ = false;
  if (static_cast<unsigned char>(c) >= 0x80) {
    fault("an octet above 127 in UTF-7");
    out += kReplacementCharacter;
    return;
  }
  if (!is_direct(c, flavour_)) fault("a character that has to be in base64");
  out.push_back(c);
}

void Utf7Decoder::take_shifted(char c, std::string& out) {
  const int value = base64_value(c, flavour_);
  if (value >= 0) {
    if (is_empty_ && after_base64_ && flavour_ == Utf7::mailbox)
      fault("two shifts where one would do");
    is_empty_ = after_base64_ = false;
    bits_ = bits_ << 6 | static_cast<std::uint32_t>(value);
    bit_count_ += 6;
    if (bit_count_ >= 16) {
      bit_count_ -= 16;
      take_unit(static_cast<char16_t>(bits_ >> bit_count_ & 0xffff), out);
    }
    return;
  }
  const bool was_empty = is_empty_;
  end_base64(out);
  if (c == '-') {
    if (was_empty) out.push_back(shift(flavour_));
    after_base64_ = !was_empty;
    return;
  }
  if (was_empty) {
    fault("a shift with nothing in it");
    out.push_back(shift(flavour_));
  } else if (flavour_ == Utf7::mailbox) {
    fault("base64 that \"-\" does not end");
  }
  take_direct(c, out);
}

void Utf7Decoder::take_unit(char16_t unit, std::string& out) {
  if (high_ != 0 && is_low(unit)) {
    const std::uint32_t low = unit;
    append_utf8(0x10000 + ((static_cast<std::uint32_t>(high_) - 0xd800) << 10) + (low - 0xdc00),
                out);
    high_ = 0;
    return;
  }
  if (high_ != 0) {
    fault("half a surrogate pair");
    out += kReplacementCharacter;
    high_ = 0;
  }
  if (is_high(unit)) {
    high_ = unit;
  } else if (is_low(unit)) {
    fault("half a surrogate pair");
    out += kReplacementCharacter;
  } else {
    if (flavour_ == Utf7::mailbox && is_printable(unit)) fault("printable ASCII in base64");
    append_utf8(unit, out);
  }
}

void Utf7Decoder::end_base64(std::string& out) {
  if (high_ != 0) {
    fault("half a surrogate pair");
    out += kReplacementCharacter;
  }
  // What does not fill a character is less than a digit, and zero.
  if (bit_count_ >= 6 || (bits_ & ((1U << bit_count_) - 1)) != 0) fault("bits left over in base64");
  high_ = 0;
  bits_ = bit_count_ = 0;
  shifted_ = after_base64_ = false;
}

void Utf7Encoder::feed(std::string_view octets, std::string& out) {
  if (ended_) *this = Utf7Encoder(flavour_);
  reader_.feed(octets, [&](char32_t point, std::uint64_t offset) { put(point, offset, out); });
}

void Utf7Encoder::finish(std::string& out) {
  if (ended_) *this = Utf7Encoder(flavour_);
  reader_.finish([&](char32_t point, std::uint64_t offset) { put(point, offset, out); });
  end_base64(out);
  ended_ = true;
}

void Utf7Encoder::put(char32_t point, std::uint64_t offset, std::string& out) {
  if (point == Utf8Reader::kMalformed) {
    faults_.add(offset, "not UTF-8");
    point = 0xfffd;
  }
  const auto is_shift = point == static_cast<unsigned char>(shift(flavour_));
  if (is_written_direct(point, flavour_) || is_shift) {
    end_base64(out);
    out.push_back(static_cast<char>(point));
    if (is_shift) out.push_back('-');
    return;
  }
  if (!shifted_) out.push_back(shift(flavour_));
  shifted_ = true;
  if (point > 0xffff) {
    put_unit(0xd800 + ((point - 0x10000) >> 10), out);
    put_unit(0xdc00 + (point & 0x3ff), out);
  } else {
    put_unit(point, out);
  }
}

void Utf7Encoder::put_unit(std::uint32_t unit, std::string& out) {
  bits_ = bits_ << 16 | unit;
  bit_count_ += 16;
  for (; bit_count_ >= 6; bit_count_ -= 6) {
    const std::uint32_t value = bits_ >> (bit_count_ - 6) & 63;
    out.push_back(value == 63 ? last_digit(flavour_) : kAlphabet[value]);
  }
}

void Utf7Encoder::end_base64(std::string& out) {
  if (!shifted_) return;
  if (bit_count_ > 0) {
    const std::uint32_t value = bits_ << (6 - bit_count_) & 63;
    out.push_back(value == 63 ? last_digit(flavour_) : kAlphabet[value]);
  }
  out.push_back('-');
  bits_ = bit_count_ = 0;
  shifted_ = false;
}

std::string encode_mailbox_name(std::string_view name) {
  Utf7Encoder encoder(Utf7::mailbox);
  std::string out;
  encoder.feed(name, out);
  encoder.finish(out);
  return out;
}

Result<std::string> decode_mailbox_name(std::string_view name) {
  Utf7Decoder decoder(Utf7::mailbox);
  std::string out;
  decoder.feed(name, out);
  decoder.finish(out);
  if (decoder.faults().count() > 0)
    return fail(Kind::malformed, "a mailbox's name that is not modified UTF-7",
                std::string(decoder.faults().kept().front().what));
  return out;
}

}  // namespace ph::codec
