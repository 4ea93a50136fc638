#include <algorithm>
#include <optional>

#include "base/ascii.h"
#include "codec/charset.h"
#include "codec/encoded_word.h"
#include "codec/utf8.h"

namespace ph::codec {
namespace {

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool is_header_blank(char c) { return is_space(c) || c == '\r' || c == '\n'; }

/// One encoded word in the text.
struct Word {
  std::string_view charset;  // without language
  char coding;               // 'b' or 'q'
  std::size_t at, end;       // of all of it
  std::string_view encoded;
  bool complete;  // it has its "?="
};

/// Base64 as it is found: octets out of complete groups and of what is left at a "=" or the end.
class Base64Bits {
 public:
  /// False if `text` has characters that are none of base64's.
  bool add(std::string_view text, std::string& out) {
    bool clean = true;
    for (const char c : text) {
      const int value = base64_value(c);
      if (value < 0) {
        clean = clean && c == '=';
        if (c == '=') close();
        continue;
      }
      bits_ = bits_ << 6 | static_cast<std::uint32_t>(value);
      count_ += 6;
      if (count_ >= 8) {
        count_ -= 8;
        out.push_back(static_cast<char>(bits_ >> count_ & 0xffU));
      }
    }
    return clean;
  }
  /// Bits that belong to an octet which is not complete: the next word goes on with it. (What is
  /// left where padding was forgotten is zero.)
  bool is_open() const { return count_ == 6 || (bits_ & ((1U << count_) - 1)) != 0; }
  void close() { bits_ = count_ = 0; }

 private:
  std::uint32_t bits_ = 0, count_ = 0;
};

/// False if an escape is broken.
bool decode_q(std::string_view text, std::string& out) {
  bool clean = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '_') {
      out.push_back(' ');
    } else if (c == '=' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
               hex_value(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
      i += 2;
    } else if (c == '\r' || c == '\n') {  // folded where it must not be
      clean = false;
    } else {
      clean = clean && c != '=' && c != ' ';
      out.push_back(c);
    }
  }
  return clean;
}

/// Decodes a text once, from its beginning to its end.
class TextDecoder {
 public:
  TextDecoder(std::string_view text, std::uint64_t offset, Faults* faults)
      : text_(text), offset_(offset), faults_(faults) {}

  std::string decode() {
    while (at_ < text_.size()) {
      const std::size_t next = text_.find("=?", at_);
      if (next == text_.npos) break;
      const auto word = word_at(next);
      if (!word) {
        // Both characters may belong to another beginning: "==?", "=?=?".
        raw_to(next + 1);
        continue;
      }
      take(*word);
    }
    raw_to(text_.size());
    end_raw();
    end_run();
    return std::move(out_);
  }

 private:
  struct Prefix {
    std::string_view charset;
    char coding;
    std::size_t text;  // where the encoded text begins
  };

  /// "=?" charset ["*" language] "?" coding "?"
  std::optional<Prefix> prefix_at(std::size_t at) const {
    const std::string_view rest = text_.substr(at + 2, kEncodedWordCharsetOctetsMax + 3);
    const std::size_t mark = rest.find('?');
    if (mark == rest.npos || mark == 0 || mark + 2 >= rest.size() || rest[mark + 2] != '?')
      return std::nullopt;
    const char coding = ascii_lower(rest[mark + 1]);
    if (coding != 'b' && coding != 'q') return std::nullopt;
    std::string_view charset = rest.substr(0, mark);
    if (!is_alpha(charset.front()) && !is_digit(charset.front())) return std::nullopt;
    if (std::ranges::any_of(charset, [](char c) { return c < '!' || c > '~'; }))
      return std::nullopt;
    charset = charset.substr(0, charset.find('*'));
    return Prefix{charset, coding, at + 2 + mark + 3};
  }

  /// Where the encoded text ends that begins at `from`: npos if nothing ends it.
  std::size_t end_of_text(std::size_t from, char coding) {
    if (next_end_ < from) next_end_ = text_.find("?=", from);
    std::size_t end = next_end_;
    // A "?" that should have been encoded, before an octet that is: "what?=20now?=".
    while (coding == 'q' && end != text_.npos && end + 3 < text_.size() &&
           hex_value(text_[end + 2]) >= 0 && hex_value(text_[end + 3]) >= 0) {
      const std::size_t further = text_.find("?=", end + 2);
      if (further == text_.npos) break;
      const std::string_view between = text_.substr(end + 2, further - end - 2);
      if (between.find_first_of(" \t\r\n") != between.npos || between.find("=?") != between.npos)
        break;
      end = further;
    }
    return end;
  }

  /// Where the next encoded word begins at or behind `from`, found once for each place.
  std::size_t next_prefix(std::size_t from) {
    if (next_prefix_ != text_.npos && next_prefix_ < from) {
      next_prefix_ = text_.find("=?", from);
      while (next_prefix_ != text_.npos && !prefix_at(next_prefix_))
        next_prefix_ = text_.find("=?", next_prefix_ + 1);
    }
    return next_prefix_;
  }

  std::optional<Word> word_at(std::size_t at) {
    const auto prefix = prefix_at(at);
    if (!prefix) return std::nullopt;
    const std::size_t next = next_prefix(prefix->text);
    const std::size_t end = end_of_text(prefix->text, prefix->coding);
    if (end != text_.npos && end < next) {
      return Word{prefix->charset,
                  prefix->coding,
                  at,
                  end + 2,
                  text_.substr(prefix->text, end - prefix->text),
                  true};
    }
    // Nothing ends it before the next one begins, or at all: it goes on to the next white space.
    std::string_view rest = text_.substr(prefix->text, next - prefix->text);
    rest = rest.substr(0, rest.find_first_of(" \t\r\n"));
    return Word{prefix->charset, prefix->coding, at, prefix->text + rest.size(), rest, false};
  }

  void take(const Word& word) {
    const std::string_view between = text_.substr(at_, word.at - at_);
    const bool joins =
        after_word_ && raw_from_ == at_ && std::ranges::all_of(between, is_header_blank);
    if (!joins) {
      raw_to(word.at);
      end_raw();
      end_run();
    } else if (!same_ascii(word.charset, charset_)) {
      end_run();
    }
    if (word.coding != 'b' || !base64_.is_open()) base64_.close();
    charset_ = word.charset;
    bool clean = word.complete && word.end - word.at <= kEncodedWordOctetsMax;
    if (!word.complete) fault(word.at, "an encoded word without its end");
    if (word.coding == 'b') {
      if (!base64_.add(word.encoded, run_)) fault(word.at, "an encoded word that is not base64");
    } else if (!decode_q(word.encoded, run_)) {
      fault(word.at, "an encoded word with characters that had to be encoded");
    } else if (!clean && word.complete) {
      fault(word.at, "an encoded word of more than 75 octets");
    }
    at_ = raw_from_ = word.end;
    after_word_ = true;
  }

  /// What stands before `end` is no encoded word.
  void raw_to(std::size_t end) {
    if (end == at_) return;
    if (after_word_) end_run();
    after_word_ = false;
    at_ = end;
  }

  void end_raw() {
    const std::string_view raw = text_.substr(raw_from_, at_ - raw_from_);
    if (const std::size_t ascii = ascii_prefix(raw); ascii < raw.size())
      fault(raw_from_ + ascii, "octets above 127 outside encoded words");
    out_ += to_utf8(raw, "");
    raw_from_ = at_;
  }

  /// The octets of words next to each other are complete.
  void end_run() {
    base64_.close();
    if (run_.empty()) return;
    std::string text = to_utf8(run_, charset_);
    for (char& c : text)
      if (c == '\r' || c == '\n' || c == '\0') c = ' ';
    out_ += text;
    run_.clear();
  }

  void fault(std::size_t at, Literal what) {
    if (faults_ != nullptr) faults_->add(offset_ + at, what);
  }

  std::string_view text_;
  std::uint64_t offset_;  // of text_
  Faults* faults_;
  std::string out_;
  std::size_t at_ = 0;        // of what was not looked at yet
  std::size_t raw_from_ = 0;  // of raw text that is not in out_ yet
  bool after_word_ = false;   // nothing but white space since the last encoded word
  std::string run_;           // octets of encoded words in one charset
  std::string_view charset_;
  Base64Bits base64_;
  std::size_t next_prefix_ = 0, next_end_ = 0;  // found already; npos: there is none
};

}  // namespace

std::string decode_encoded_words(std::string_view text, Faults* faults) {
  if (text.find("=?") == text.npos && is_ascii(text)) return std::string(text);
  return TextDecoder(text, 0, faults).decode();
}

void EncodedWordDecoder::feed(std::string_view octets, std::string& out) {
  if (ended_) *this = EncodedWordDecoder();
  while (!octets.empty()) {
    if (line_end_ && !is_space(octets.front())) put(out);
    const std::string_view room = octets.substr(0, kEncodedTextOctetsMax - held_.size());
    const std::size_t end = room.find('\n');
    const std::string_view some = room.substr(0, end == room.npos ? end : end + 1);
    held_ += some;
    octets.remove_prefix(some.size());
    line_end_ = end != room.npos;
    if (held_.size() == kEncodedTextOctetsMax) put(out);
  }
}

void EncodedWordDecoder::finish(std::string& out) {
  if (ended_) *this = EncodedWordDecoder();
  put(out);
  ended_ = true;
}

void EncodedWordDecoder::put(std::string& out) {
  out += TextDecoder(held_, offset_, &faults_).decode();
  offset_ += held_.size();
  held_.clear();
  line_end_ = false;
}

}  // namespace ph::codec
