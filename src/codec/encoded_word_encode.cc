#include <algorithm>
#include <string>
#include <vector>

#include "base/ascii.h"
#include "codec/charset.h"
#include "codec/encoded_word.h"
#include "codec/utf8.h"

namespace ph::codec {
namespace {

constexpr std::string_view kFold = "\r\n";
constexpr std::string_view kDigits = "0123456789ABCDEF";
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBegin = "=?UTF-8?", kEnd = "?=";
constexpr std::size_t kAroundOctets = kBegin.size() + 2 + kEnd.size();
/// A word that has not even room for this much goes to a line of its own.
constexpr std::size_t kLeastOctets = 24;
/// A word that stays as it is; RFC 5322 §2.1.1 ends a line at 998.
constexpr std::size_t kPlainOctetsMax = 900;

bool is_printable(char c) { return c >= '!' && c <= '~'; }

bool is_atext(char c) {  // RFC 5322 §3.2.3
  return is_alpha(c) || is_digit(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

/// What stands in "Q" for itself; RFC 2047 §4.2, §5.
bool is_plain_in_q(char c, EncodedWordKind kind) {
  if (is_alpha(c) || is_digit(c)) return true;
  if (kind != EncodedWordKind::text)
    return std::string_view("!*+-/").find(c) != std::string_view::npos;
  return is_printable(c) && c != '=' && c != '?' && c != '_';
}

bool needs_encoding(std::string_view word, EncodedWordKind kind) {
  if (word.size() > kPlainOctetsMax || word.find("=?") != word.npos) return true;
  return std::ranges::any_of(word, [kind](char c) {
    switch (kind) {
      case EncodedWordKind::text: return !is_printable(c);
      case EncodedWordKind::phrase: return !is_atext(c);
      case EncodedWordKind::comment: return !is_printable(c) || c == '(' || c == ')' || c == '\\';
    }
    return true;
  });
}

std::size_t blank_octets(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_space) - text.begin());
}
std::size_t word_octets(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::find_if(text, is_space) - text.begin());
}

/// Lines as they grow.
class Lines {
 public:
  explicit Lines(std::size_t column) : column_(column) {}

  std::size_t room() const {
    return column_ < kEncodedWordLineOctetsMax ? kEncodedWordLineOctetsMax - column_ : 0;
  }
  /// A word, on a new line if there is white space before it and not room enough.
  void put(std::string_view blank, std::string_view word) {
    if (!blank.empty() && blank.size() + word.size() > room()) fold();
    append(blank);
    append(word);
  }
  void append(std::string_view text) {
    out_ += text;
    column_ += text.size();
  }
  void fold() {
    out_ += kFold;
    column_ = 0;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  std::size_t column_;
};

/// `text` word by word.
void put_plain(std::string_view text, Lines& lines) {
  while (!text.empty()) {
    const std::string_view blank = text.substr(0, blank_octets(text));
    text.remove_prefix(blank.size());
    const std::string_view word = text.substr(0, word_octets(text));
    text.remove_prefix(word.size());
    lines.put(blank, word);
  }
}

std::size_t q_octets(std::string_view text, EncodedWordKind kind) {
  std::size_t octets = 0;
  for (const char c : text) octets += c == ' ' || is_plain_in_q(c, kind) ? 1 : 3;
  return octets;
}

std::size_t b_octets(std::size_t octets) { return (octets + 2) / 3 * 4; }

void append_q(std::string_view text, EncodedWordKind kind, std::string& out) {
  for (const char c : text) {
    if (c == ' ') {
      out.push_back('_');
    } else if (is_plain_in_q(c, kind)) {
      out.push_back(c);
    } else {
      const auto value = static_cast<unsigned char>(c);
      out.append({'=', kDigits[value >> 4], kDigits[value & 15]});
    }
  }
}

void append_b(std::string_view text, std::string& out) {
  const auto at = [text](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  for (std::size_t i = 0; i < text.size(); i += 3) {
    const unsigned bits = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    const std::size_t digits = std::min<std::size_t>(text.size() - i, 3) + 1;
    for (std::size_t k = 0; k < 4; ++k)
      out.push_back(k < digits ? kAlphabet[bits >> (18 - 6 * k) & 63] : '=');
  }
}

/// As many whole characters off the front of `text` as `room` octets hold encoded, one at least.
std::size_t fitting(std::string_view text, char coding, EncodedWordKind kind, std::size_t room) {
  std::size_t octets = 0, encoded = 0;
  while (octets < text.size()) {
    const std::size_t next = utf8_head(text.substr(octets)).octets;
    encoded += q_octets(text.substr(octets, next), kind);
    if (octets > 0 && (coding == 'Q' ? encoded : b_octets(octets + next)) > room) break;
    octets += next;
  }
  return octets;
}

/// Encoded words, one a line but for the first and the last.
void put_encoded(std::string_view blank, std::string_view text, EncodedWordKind kind,
                 Lines& lines) {
  const char coding = q_octets(text, kind) <= b_octets(text.size()) ? 'Q' : 'B';
  for (bool first = true; !text.empty(); first = false, blank = " ") {
    if (!first || lines.room() < blank.size() + kLeastOctets) {
      lines.fold();
      if (blank.empty()) blank = " ";
    }
    lines.append(blank);
    const std::size_t room =
        std::clamp(lines.room(), kAroundOctets, kEncodedWordOctetsMax) - kAroundOctets;
    const std::size_t octets = fitting(text, coding, kind, room);
    std::string word(kBegin);
    word.append({coding, '?'});
    const std::string_view some = text.substr(0, octets);
    if (coding == 'Q') {
      append_q(some, kind, word);
    } else {
      append_b(some, word);
    }
    lines.append(word += kEnd);
    text.remove_prefix(octets);
  }
}

/// The part from the first word that needs encoding to the last: offset and octets.
struct Part {
  std::size_t from, octets;
};

/// More white space than one blank: what is folded there is read as one blank by many.
bool is_wide(std::string_view blank) { return blank.size() > 1 || blank == "\t"; }

bool has_wide_blank(std::string_view text) {
  return text.find("  ") != text.npos || text.find('\t') != text.npos;
}

bool has_long_word(std::string_view text) {
  while (!text.empty()) {
    text.remove_prefix(blank_octets(text));
    const std::size_t octets = word_octets(text);
    if (octets > kPlainOctetsMax) return true;
    text.remove_prefix(octets);
  }
  return false;
}

/// `folds`: there will be more than one line, so words beside wide white space are encoded with it.
Part part_to_encode(std::string_view text, EncodedWordKind kind, bool folds) {
  std::size_t from = text.npos, end = 0;
  bool behind_wide = false;
  for (std::size_t at = blank_octets(text); at < text.size();) {
    const std::size_t octets = word_octets(text.substr(at));
    const std::size_t blank = blank_octets(text.substr(at + octets));
    const bool wide = folds && is_wide(text.substr(at + octets, blank));
    if (wide || behind_wide || needs_encoding(text.substr(at, octets), kind)) {
      from = std::min(from, at);
      end = at + octets;
    }
    behind_wide = wide;
    at += octets + blank;
  }
  // White space at an end is what every reader drops; and an encoded word ends at white space.
  if (is_space(text.front())) {
    const std::size_t blank = blank_octets(text);
    from = 0;
    end = std::max(end, blank + word_octets(text.substr(blank)));
  }
  if (is_space(text.back())) {
    const std::size_t solid = text.find_last_not_of(" \t") + 1;
    from = std::min(from, text.substr(0, solid).find_last_of(" \t") + 1);
    end = text.size();
  }
  if (from == text.npos) return {text.size(), 0};
  return {from, end - from};
}

/// A phrase that quotes do for. RFC 5322 §3.2.4
bool is_quotable(std::string_view text) {
  return text.find("=?") == text.npos &&
         std::ranges::all_of(text, [](char c) { return is_printable(c) || c == ' '; });
}

void put_quoted(std::string_view text, Lines& lines) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  put_plain(quoted += '"', lines);
}

}  // namespace

std::string encode_encoded_words(std::string_view text, EncodedWordKind kind, std::size_t column) {
  if (text.empty()) return {};
  std::string repaired;
  if (!is_utf8(text)) text = repaired = to_utf8(text, "utf-8");
  Lines lines(column);
  const auto fits = [column](std::size_t octets) {
    return column + octets <= kEncodedWordLineOctetsMax;
  };
  // Between the words of a phrase any white space is as good as one blank, on one line, too.
  const bool phrase = kind == EncodedWordKind::phrase;
  Part part = part_to_encode(text, kind, phrase || !fits(text.size()));
  if (part.octets == 0) {
    put_plain(text, lines);
    return lines.take();
  }
  if (phrase && is_quotable(text) && !has_long_word(text) &&
      (fits(2 * text.size() + 2) || !has_wide_blank(text))) {
    put_quoted(text, lines);
    return lines.take();
  }
  part = part_to_encode(text, kind, true);
  // White space between a word that stays and an encoded one stays, too: it divides them.
  std::string_view before = text.substr(0, part.from);
  const std::size_t solid = before.find_last_not_of(" \t") + 1;
  std::string_view blank = before.substr(solid);
  if (blank.size() + kLeastOctets > kEncodedWordLineOctetsMax) {  // more of it than a line holds
    blank = blank.substr(0, 1);
    part = {solid + 1, part.from + part.octets - solid - 1};
  }
  put_plain(before.substr(0, solid), lines);
  put_encoded(blank, text.substr(part.from, part.octets), kind, lines);
  put_plain(text.substr(part.from + part.octets), lines);
  return lines.take();
}

void EncodedWordEncoder::feed(std::string_view octets, std::string& out) {
  if (ended_) *this = EncodedWordEncoder(kind_);
  while (!octets.empty()) {
    const std::string_view room = octets.substr(0, kEncodedTextOctetsMax - held_.size());
    const std::size_t end = room.find('\n');
    held_ += room.substr(0, end);
    octets.remove_prefix(end == room.npos ? room.size() : end + 1);
    if (end != room.npos) {
      const bool cr = held_.ends_with('\r');
      if (cr) held_.pop_back();
      put(held_, out);
      out += cr ? "\r\n" : "\n";
      offset_ += held_.size() + (cr ? 2 : 1);
      held_.clear();
    } else if (held_.size() == kEncodedTextOctetsMax) {
      faults_.add(offset_, "a line of more than 64 KiB: divided");
      // Whole characters, if it is UTF-8.
      const std::size_t tail = held_.size() - 4;
      std::size_t whole = held_.size();
      while (whole > tail && (static_cast<unsigned char>(held_[whole - 1]) & 0xc0) == 0x80) --whole;
      if (whole > tail && static_cast<unsigned char>(held_[whole - 1]) >= 0xc0) --whole;
      put(std::string_view(held_).substr(0, whole), out);
      offset_ += whole;
      held_.erase(0, whole);
    }
  }
}

void EncodedWordEncoder::finish(std::string& out) {
  if (ended_) *this = EncodedWordEncoder(kind_);
  put(held_, out);
  held_.clear();
  ended_ = true;
}

void EncodedWordEncoder::put(std::string_view line, std::string& out) {
  if (const std::size_t valid = utf8_prefix(line); valid < line.size())
    faults_.add(offset_ + valid, "not UTF-8");
  out += encode_encoded_words(line, kind_, 0);
}

}  // namespace ph::codec
