#include <algorithm>

#include "base/ascii.h"
#include "codec/quoted_printable_plain.h"

namespace ph::codec {
namespace {

bool is_hex(char c) { return hex_value(c) < 16; }

/// Of the blanks between `begin` and `end`, those at its end that a line break behind them drops.
std::size_t blanks_to_hold(const char* begin, const char* end) {
  std::size_t blanks = 0;
  for (const char* at = end; at != begin && is_space(at[-1]); --at) ++blanks;
  return blanks == 0 ? 0 : (blanks - 1) % kQuotedPrintableBlankOctetsMax + 1;
}

}  // namespace

QuotedPrintableDecoder::QuotedPrintableDecoder()
    : QuotedPrintableDecoder(avx2_quoted_printable_kernel()) {}

void QuotedPrintableDecoder::start() { *this = QuotedPrintableDecoder(kernel_); }

void QuotedPrintableDecoder::take(std::string_view octets, std::string& out) {
  for (std::size_t at = 0; at < octets.size();) {
    if (at_ == At::text && blank_.empty()) {
      at += take_text(octets.substr(at), offset() + at, out);
      if (at == octets.size()) return;
    }
    take_one(octets[at], offset() + at, out);
    ++at;
  }
}

/// The usual: text, escapes, line breaks. Returns how much it took: all, or what stands before an
/// octet that has to be looked at more closely.
std::size_t QuotedPrintableDecoder::take_text(std::string_view octets, std::uint64_t offset,
                                              std::string& out) {
  const std::size_t used = out.size();
  const char* const first = octets.data();
  const char* const end = first + octets.size();
  const char* at = first;
  out.resize_and_overwrite(used + octets.size(), [&](char* begin, std::size_t) {
    char* to = begin + used;
    const char* kernel_from = kernel_ == nullptr ? end : first;
    while (at != end) {
      // Not where blanks were taken already that may end a line.
      if (at >= kernel_from && (at == first || !is_space(at[-1]))) {
        const QuotedPrintableRun run = kernel_(at, static_cast<std::size_t>(end - at), to);
        at += run.in;
        to += run.out;
        kernel_from = at + std::min<std::ptrdiff_t>(end - at, kQuotedPrintableBlockOctets);
        for (; at != first && is_space(at[-1]); --at) --to;
      }
      const char c = *at;
      const auto left = end - at;
      if (c == '=') {
        if (left < 3) break;
        const unsigned upper = hex_value(at[1]), lower = hex_value(at[2]);
        if ((upper | lower) < 16)
          *to++ = static_cast<char>(upper << 4 | lower);
        else if (at[1] != '\r' || at[2] != '\n')
          break;
        at += 3;
      } else if (is_plain(c)) {
        const std::size_t plain = copy_plain({at, end}, to);
        at += plain;
        to += plain;
        if (!is_space(to[-1])) continue;
        // What follows decides about the blanks at its end.
        const std::size_t blanks = blanks_to_hold(to - plain, to);
        const bool cr = at != end && *at == '\r';
        if (at == end || (cr && at + 1 == end)) {
          blank_.assign(to - blanks, blanks);
          to -= blanks;
          break;
        }
        if (*at == '\n' || (cr && at[1] == '\n')) to -= blanks;
      } else if (c == '\r') {
        if (left < 2 || at[1] != '\n') break;
        *to++ = '\r';
        *to++ = '\n';
        at += 2;
      } else {
        take_octet_that_should_be_escaped(c, offset + static_cast<std::uint64_t>(at - first));
        *to++ = c;
        ++at;
      }
    }
    return static_cast<std::size_t>(to - begin);
  });
  return static_cast<std::size_t>(at - first);
}

void QuotedPrintableDecoder::take_one(char c, std::uint64_t offset, std::string& out) {
  switch (at_) {
    case At::text: return take_one_of_text(c, offset, out);
    case At::text_cr:
      at_ = At::text;
      if (c == '\n') {
        blank_.clear();
        out += "\r\n";
        return;
      }
      put_bare_cr(out);
      return take_one_of_text(c, offset, out);
    case At::equals:
    case At::equals_blank:
      if (c == '\r') {
        at_ = At::equals_cr;
        cr_at_ = offset;
      } else if (c == '\n') {
        fault(offset, "LF without CR behind a soft line break");
        blank_.clear();
        at_ = At::text;
      } else if (is_space(c) && blank_.size() < kQuotedPrintableBlankOctetsMax) {
        blank_.push_back(c);
        at_ = At::equals_blank;
      } else if (at_ == At::equals && is_hex(c)) {
        hex_ = c;
        at_ = At::equals_hex;
      } else {
        give_up_escape(out);
        take_one_of_text(c, offset, out);
      }
      return;
    case At::equals_hex:
      if (!is_hex(c)) {
        give_up_escape(out);
        return take_one_of_text(c, offset, out);
      }
      out.push_back(static_cast<char>(hex_value(hex_) << 4 | hex_value(c)));
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
      return take_one(c, offset, out);
  }
}

void QuotedPrintableDecoder::take_one_of_text(char c, std::uint64_t offset, std::string& out) {
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
    cr_at_ = offset;
    return;
  }
  if (c != '\n') out += blank_;
  blank_.clear();
  if (c == '=') {
    at_ = At::equals;
    begun_at_ = offset;
    return;
  }
  if (!is_plain(c)) take_octet_that_should_be_escaped(c, offset);
  out.push_back(c);
}

void QuotedPrintableDecoder::take_octet_that_should_be_escaped(char c, std::uint64_t offset) {
  fault(offset, c == '\n'                             ? Literal("LF without CR")
                : static_cast<unsigned char>(c) > 127 ? Literal("an octet above 127")
                                                      : Literal("a control character"));
}

void QuotedPrintableDecoder::put_bare_cr(std::string& out) {
  fault(cr_at_, "CR without LF");
  out += blank_;
  blank_.clear();
  out.push_back('\r');
}

/// What follows the "=" is text like any other; blanks behind it stay held back.
void QuotedPrintableDecoder::give_up_escape(std::string& out) {
  fault(begun_at_, "\"=\" that begins no escape");
  out.push_back('=');
  if (at_ == At::equals_hex) out.push_back(hex_);
  at_ = At::text;
}

void QuotedPrintableDecoder::end(std::string& out) {
  if (at_ == At::equals_hex || at_ == At::equals_cr) {
    const bool cr = at_ == At::equals_cr;
    give_up_escape(out);
    if (cr) at_ = At::text_cr;
  }
  if (at_ == At::text_cr) put_bare_cr(out);
}

}  // namespace ph::codec
