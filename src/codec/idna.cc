#include "codec/idna.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/ascii.h"
#include "codec/utf8.h"

namespace ph::codec {
namespace {

constexpr std::string_view kPrefix = "xn--";

// RFC 3492 §5.
constexpr std::uint32_t kBase = 36, kTMin = 1, kTMax = 26, kSkew = 38, kDamp = 700;
constexpr std::uint32_t kInitialBias = 72, kInitialN = 128;

bool is_scalar(char32_t c) { return c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff); }

std::uint32_t adapt(std::uint32_t delta, std::uint32_t points, bool first) {  // RFC 3492 §6.1
  delta = first ? delta / kDamp : delta / 2;
  delta += delta / points;
  std::uint32_t k = 0;
  for (; delta > ((kBase - kTMin) * kTMax) / 2; k += kBase) delta /= kBase - kTMin;
  return k + (kBase - kTMin + 1) * delta / (delta + kSkew);
}

std::uint32_t threshold(std::uint32_t k, std::uint32_t bias) {
  return k <= bias + kTMin ? kTMin : std::min(k - bias, kTMax);
}

char digit(std::uint32_t value) {
  return static_cast<char>(value < 26 ? 'a' + value : '0' + (value - 26));
}

std::uint32_t digit_value(char c) {  // kBase: none
  if (is_alpha(c)) return static_cast<std::uint32_t>(ascii_lower(c) - 'a');
  return is_digit(c) ? static_cast<std::uint32_t>(c - '0') + 26 : kBase;
}

void append_delta(std::uint32_t delta, std::uint32_t bias, std::string& out) {
  for (std::uint32_t k = kBase;; k += kBase) {
    const std::uint32_t t = threshold(k, bias);
    if (delta < t) break;
    out.push_back(digit(t + (delta - t) % (kBase - t)));
    delta = (delta - t) / (kBase - t);
  }
  out.push_back(digit(delta));
}

/// Takes one character off the front.
Result<char32_t> take_utf8(std::string_view& text) {
  const Utf8Head head = utf8_head(text);
  if (head.is != Utf8Head::Is::character) return fail(Kind::malformed, "the domain is not UTF-8");
  text.remove_prefix(head.octets);
  return head.point;
}

bool is_allowed(char32_t point) {
  if (point < 0x80) {
    const char c = static_cast<char>(point);
    return is_alpha(c) || is_digit(c) || c == '-' || c == '_';
  }
  return point > 0xa0 && point != 0x3002 && point != 0xff0e && point != 0xff61;
}

Result<std::string> to_ascii_label(std::string_view label) {
  if (label.empty()) return fail(Kind::malformed, "the domain has an empty label");
  std::string out;
  if (is_ascii(label)) {
    out = ascii_lower(label);
  } else {
    std::u32string points;
    while (!label.empty()) {
      PH_TRY(char32_t point, take_utf8(label));
      if (!is_allowed(point)) return fail(Kind::malformed, "a character that no domain has");
      if (point < 0x80) point = static_cast<char32_t>(ascii_lower(static_cast<char>(point)));
      points.push_back(point);
      if (points.size() > kIdnaLabelOctetsMax)
        return fail(Kind::over_limit, "a label of the domain is longer than 63 octets");
    }
    // RFC 5891 §4.2.3.1
    if (points.front() == U'-' || points.back() == U'-' ||
        points.substr(std::min<std::size_t>(points.size(), 2), 2) == U"--")
      return fail(Kind::malformed, "a label has hyphens where none may be");
    PH_TRY(const std::string code, encode_punycode(points));
    out = std::string(kPrefix) + code;
  }
  if (out.size() > kIdnaLabelOctetsMax)
    return fail(Kind::over_limit, "a label of the domain is longer than 63 octets");
  return out;
}

/// The label itself when it is no A-label.
std::string to_unicode_label(std::string_view label) {
  std::string lower = ascii_lower(label);
  if (!lower.starts_with(kPrefix) || lower.size() > kIdnaLabelOctetsMax) return lower;
  const auto points = decode_punycode(std::string_view(lower).substr(kPrefix.size()));
  if (!points) return lower;
  std::string out;
  for (const char32_t point : *points) append_utf8(point, out);
  const auto again = to_ascii_label(out);  // one name has one spelling
  return again && *again == lower ? out : lower;
}

}  // namespace

Result<std::string> encode_punycode(std::u32string_view text) {
  if (text.size() > kIdnaDomainOctetsMax) return fail(Kind::over_limit, "too long for a domain");
  std::string out;
  for (const char32_t c : text) {
    if (!is_scalar(c)) return fail(Kind::malformed, "not a character of Unicode");
    if (c < kInitialN) out.push_back(static_cast<char>(c));
  }
  const auto basic = static_cast<std::uint32_t>(out.size());
  if (basic > 0) out.push_back('-');

  std::uint32_t n = kInitialN, delta = 0, bias = kInitialBias;
  for (std::uint32_t done = basic; done < text.size();) {
    std::uint32_t next = std::numeric_limits<std::uint32_t>::max();
    for (const char32_t c : text)
      if (c >= n) next = std::min(next, static_cast<std::uint32_t>(c));
    // At most 0x10ffff * 256: within 32 bits.
    delta += (next - n) * (done + 1);
    n = next;
    for (const char32_t c : text) {
      if (c < n) ++delta;
      if (c != n) continue;
      append_delta(delta, bias, out);
      bias = adapt(delta, done + 1, done == basic);
      delta = 0;
      ++done;
    }
    ++delta;
    ++n;
  }
  return out;
}

Result<std::u32string> decode_punycode(std::string_view text) {
  if (text.size() > kIdnaDomainOctetsMax) return fail(Kind::over_limit, "too long for a domain");
  const auto malformed = [] { return fail(Kind::malformed, "not Punycode"); };
  std::u32string out;
  if (const std::size_t end = text.rfind('-'); end != text.npos) {
    for (const char c : text.substr(0, end)) {
      if (static_cast<unsigned char>(c) >= 0x80) return malformed();
      out.push_back(static_cast<char32_t>(c));
    }
    text.remove_prefix(end + 1);
  }
  std::uint64_t n = kInitialN, i = 0;
  std::uint32_t bias = kInitialBias;
  while (!text.empty()) {
    const std::uint64_t before = i;
    std::uint64_t weight = 1;
    for (std::uint32_t k = kBase;; k += kBase) {
      if (text.empty()) return malformed();
      const std::uint32_t value = digit_value(text.front());
      text.remove_prefix(1);
      if (value >= kBase) return malformed();
      i += value * weight;
      if (i > std::numeric_limits<std::uint32_t>::max()) return malformed();
      const std::uint32_t t = threshold(k, bias);
      if (value < t) break;
      weight *= kBase - t;
      if (weight > std::numeric_limits<std::uint32_t>::max()) return malformed();
    }
    const auto points = static_cast<std::uint32_t>(out.size() + 1);
    bias = adapt(static_cast<std::uint32_t>(i - before), points, before == 0);
    n += i / points;
    i %= points;
    if (!is_scalar(static_cast<char32_t>(std::min<std::uint64_t>(n, 0x110000)))) return malformed();
    out.insert(out.begin() + static_cast<std::ptrdiff_t>(i), static_cast<char32_t>(n));
    ++i;
  }
  return out;
}

Result<std::string> to_ascii_domain(std::string_view domain) {
  std::string out;
  for (;;) {
    const std::size_t end = domain.find('.');
    PH_TRY(const std::string label, to_ascii_label(domain.substr(0, end)));
    out += label;
    if (out.size() > kIdnaDomainOctetsMax)
      return fail(Kind::over_limit, "the domain is longer than 255 octets");
    if (end == domain.npos) return out;
    out.push_back('.');
    domain.remove_prefix(end + 1);
  }
}

std::string to_unicode_domain(std::string_view domain) {
  std::string out;
  for (;;) {
    const std::size_t end = domain.find('.');
    out += to_unicode_label(domain.substr(0, end));
    if (end == domain.npos) return out;
    out.push_back('.');
    domain.remove_prefix(end + 1);
  }
}

}  // namespace ph::codec
