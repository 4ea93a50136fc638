#include "message/address_list.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "message/readable.h"

namespace ph::message {
namespace {

constexpr std::size_t kLiteralLookMax = 64;  // how far the "]" of an address literal is looked for
constexpr std::size_t kJoinedElementsMax = 3;  // "Doe, John, Jr <a@b>": elements that make one name

bool is_blank(char c) { return is_space(c) || c == '\r' || c == '\n'; }
bool is_special(char c) { return std::string_view("<>@,;:\"()").find(c) != std::string_view::npos; }

struct Token {
  enum class Kind { word, quoted, at, comment } kind = Kind::word;
  std::string_view text;  // as written, with quotes or parentheses
};

class Reader {
 public:
  explicit Reader(std::string_view value) : value_(value) {}

  AddressList read() {
    while (i_ < value_.size() && !full_) step();
    end_element(false);
    emit_held();
    end_group(true);
    return std::move(out_);
  }

 private:
  void finding(std::string_view what, std::size_t offset) {
    if (out_.findings.size() < kAddressFindingsMax) out_.findings.push_back({what, offset});
  }
  std::size_t offset_of(std::string_view text) const {
    return static_cast<std::size_t>(text.data() - value_.data());
  }

  void step() {
    const char c = value_[i_];
    const std::string_view rest = value_.substr(i_);
    if (is_blank(c)) {
      ++i_;
    } else if (c == '(' && comments_close_) {
      comment(rest);
    } else if (c == '"' && quotes_close_) {
      const std::size_t octets = quoted_octets(rest);
      quotes_close_ = octets > 0;
      if (octets == 0) finding("a quote is not closed", i_);
      if (octets > 0) take(Token::Kind::quoted, octets);
    } else if (c == '<') {
      angle();
    } else if (c == '@') {
      take(Token::Kind::at, 1);
    } else if (c == ',' || c == ';') {
      separator(c);
    } else if (c == ':') {
      colon();
    } else if (c == '>' || c == ')') {
      finding("a bracket closes nothing", i_);
      ++i_;
    } else {
      take(Token::Kind::word, word_octets(rest));
    }
  }

  void take(Token::Kind kind, std::size_t octets) {
    if (tokens_.size() < kAddressWordsMax) {
      tokens_.push_back({kind, value_.substr(i_, octets)});
      seen_at_ = seen_at_ || kind == Token::Kind::at;
    } else {
      constexpr std::string_view kTooMany = "an address has too many words";
      if (out_.findings.empty() || out_.findings.back().what != kTooMany) finding(kTooMany, i_);
    }
    i_ += octets;
  }

  void comment(std::string_view rest) {
    const std::size_t octets = comment_octets(rest);
    comments_close_ = octets > 0;
    if (octets > 0) {
      take(Token::Kind::comment, octets);
    } else {
      finding("a comment is not closed", i_);
    }
  }

  /// A run without white space and specials; encoded words and address literals are of one piece.
  std::size_t word_octets(std::string_view text) {
    std::size_t i = 0;
    while (i < text.size()) {
      const char c = text[i];
      if (c == '=' && text.substr(i).starts_with("=?")) {
        if (const std::size_t octets = encoded_word_octets(text.substr(i))) {
          i += octets;
          continue;
        }
      }
      if (c == '[') {
        if (const std::size_t octets = literal_octets(i_ + i)) {
          i += octets;
          continue;
        }
      }
      const bool opens = (c == '"' && quotes_close_) || (c == '(' && comments_close_);
      const bool ends = is_blank(c) || (is_special(c) && (opens || (c != '"' && c != '(')));
      if (ends) break;
      ++i;
    }
    return std::max<std::size_t>(i, 1);
  }

  /// Of the address literal that begins at `at`; 0 when none does. Where it might end is looked for
  /// once for all "[" before that place: the cost stays linear.
  std::size_t literal_octets(std::size_t at) {
    if (literal_end_ <= at)
      literal_end_ = std::min(value_.find_first_of("]<>@,\r\n \"", at), value_.size());
    const bool is_literal = literal_end_ < value_.size() && value_[literal_end_] == ']' &&
                            literal_end_ - at < kLiteralLookMax;
    return is_literal ? literal_end_ + 1 - at : 0;
  }

  /// "=?charset?Q?text?=" without white space; commas and the like may be in it (RFC 2047 §5 (3)
  /// forbids that, and many do it).
  static std::size_t encoded_word_octets(std::string_view text) {
    const std::size_t charset = text.substr(0, kLiteralLookMax).find('?', 2);
    if (charset == text.npos) return 0;
    const std::size_t encoding = charset + 2;
    if (encoding >= text.size() || text[encoding] != '?') return 0;
    const std::size_t end = text.find_first_of("? \t\r\n", encoding + 1);
    return end != text.npos && text.substr(end).starts_with("?=") ? end + 2 : 0;
  }

  void angle() {
    const std::size_t open = i_;
    std::size_t comma = value_.npos;
    std::size_t i = open + 1;
    while (i < value_.size() && value_[i] != '>' && value_[i] != '<') {
      const std::string_view rest = value_.substr(i);
      std::size_t octets = value_[i] == '"' && quotes_close_ ? quoted_octets(rest) : 0;
      if (value_[i] == '(' && comments_close_) octets = comment_octets(rest);
      if (octets == 0 && value_[i] == '"') quotes_close_ = false;
      if (octets == 0 && value_[i] == '(') comments_close_ = false;
      if (value_[i] == ',' && comma == value_.npos) comma = i;
      i += std::max<std::size_t>(octets, 1);
    }
    if (has_angle_) {
      finding("between two addresses there is no comma", open);
      flush_angle();
    }
    has_angle_ = true;
    if (i < value_.size() && value_[i] == '>') {
      i_ = i + 1;
      angle_ = value_.substr(open + 1, i - open - 1);
      while (i_ < value_.size() && value_[i_] == '>') ++i_;  // "<<a@b>>"
    } else if (i == open + 1 && i < value_.size()) {
      has_angle_ = false;  // "<<": the inner one counts
      i_ = i;
    } else {
      finding("an angle bracket is not closed", open);
      const std::size_t end = std::min(comma, i);
      angle_ = value_.substr(open + 1, end - open - 1);
      i_ = end;
    }
    if (has_angle_) name_tokens_ = std::exchange(tokens_, {});
    seen_at_ = false;
  }

  void separator(char c) {
    end_element(c == ',');
    if (c == ';') {
      emit_held();
      if (!in_group_) finding("a semicolon stands between addresses", i_);
      end_group(false);
    }
    ++i_;
  }

  void colon() {
    const bool plain = !has_angle_ && !seen_at_;
    if (plain && tokens_.size() == 1 && same_ascii(tokens_[0].text, "mailto")) {
      finding("an address begins with mailto:", offset_of(tokens_[0].text));
      tokens_.clear();
    } else if (plain) {
      emit_held();
      begin_group();
    } else {
      take(Token::Kind::word, 1);
      return;
    }
    ++i_;
  }

  void begin_group() {
    if (in_group_) finding("a group stands in a group", i_);
    end_group(false);
    in_group_ = true;
    AddressGroup group{.first = out_.mailboxes.size(), .offset = i_};
    if (!tokens_.empty()) group.offset = offset_of(tokens_[0].text);
    group.name = phrase(tokens_);
    group.comment = comments(tokens_);
    if (group.name.empty()) finding("a group has no name", i_);
    out_.groups.push_back(std::move(group));
    full_ = full_ || out_.groups.size() == kMailboxesMax;
    tokens_.clear();
  }

  void end_group(bool at_end) {
    if (!in_group_) return;
    if (at_end) finding("a group is not closed", value_.size());
    in_group_ = false;
    AddressGroup& group = out_.groups.back();
    group.count = out_.mailboxes.size() - group.first;
  }

  static void join(std::string& to, std::string_view text, std::string_view with = " ") {
    if (!to.empty() && !text.empty()) to += with;
    to += text;
  }

  static std::string comments(const std::vector<Token>& tokens) {
    std::string out;
    for (const Token& token : tokens) {
      if (token.kind == Token::Kind::comment) {
        const std::string_view inside = token.text.substr(1, token.text.size() - 2);
        join(out, readable_text(unquoted(inside)));
      }
    }
    return out;
  }

  /// The words of a display name as one text.
  std::string phrase(const std::vector<Token>& tokens) {
    std::string out;
    const char* behind = nullptr;
    for (const Token& token : tokens) {
      if (token.kind == Token::Kind::comment) continue;
      const bool quoted = token.kind == Token::Kind::quoted;
      const bool glued = token.text.data() == behind && !quoted && !out.ends_with('"');
      if (behind != nullptr && !glued) out.push_back(' ');
      if (quoted) {
        out += unquoted(token.text.substr(1, token.text.size() - 2));
        if (token.text.find("=?") != token.text.npos)
          finding("an encoded word stands in quotes", offset_of(token.text));
      } else {
        out += token.text;
      }
      behind = token.text.data() + token.text.size();
    }
    const std::size_t blanks = out.find_first_not_of(' ');  // of a quoted name they are kept
    std::string text = readable_text(out);
    if (blanks != out.npos && blanks > 0) text.insert(0, blanks, ' ');
    return text;
  }

  /// Splits what stands between <> (or is known to be an address) at its last "@".
  void split(std::string_view text, Mailbox& mailbox) {
    if (text.starts_with('@')) {  // an obsolete route
      if (const std::size_t end = text.find(':'); end != text.npos) {
        finding("an address has a route", offset_of(text));
        text.remove_prefix(end + 1);
      }
    }
    std::string out;
    std::size_t at = out.npos, ats = 0;
    bool blank = false, inner_blank = false, quotes = true, parentheses = true;
    while (!text.empty()) {
      const char c = text.front();
      std::size_t octets = c == '"' && quotes ? quoted_octets(text) : 0;
      if (octets == 0 && c == '(' && parentheses) octets = comment_octets(text);
      if (octets == 0 && c == '"') quotes = false;  // looked for once: the cost stays linear
      if (octets == 0 && c == '(') parentheses = false;
      if (octets > 0 && c == '"') {
        out += unquoted(text.substr(1, octets - 2));
      } else if (octets > 0) {
        join(mailbox.comment, readable_text(unquoted(text.substr(1, octets - 2))));
      } else {
        octets = 1;
        if (is_blank(c)) {
          blank = !out.empty() && !out.ends_with('.') && !out.ends_with('@');
        } else {
          if (blank && c != '.' && c != '@') {
            out.push_back(' ');
            inner_blank = true;
          }
          blank = false;
          if (c == '@') at = out.size(), ++ats;
          out.push_back(c);
        }
      }
      text.remove_prefix(octets);
    }
    if (ats > 1) finding("an address has two @", mailbox.offset);
    if (inner_blank) finding("an address has blanks inside", mailbox.offset);
    mailbox.local = valid_utf8(std::string_view(out).substr(0, at));
    if (at != out.npos) mailbox.domain = valid_utf8(std::string_view(out).substr(at + 1));
  }

  void emit(Mailbox mailbox) {
    full_ = out_.mailboxes.size() == kMailboxesMax;
    if (full_) {
      finding("there are too many addresses", mailbox.offset);
    } else {
      out_.mailboxes.push_back(std::move(mailbox));
    }
  }

  /// A mailbox with <>. What follows them is its name where it has no other.
  void flush_angle() {
    Mailbox mailbox{.offset = offset_of(angle_)};
    const bool last = value_.substr(i_).empty() || value_[i_] != '<';
    mailbox.name = phrase(name_tokens_);
    mailbox.comment = comments(name_tokens_);
    if (last || mailbox.name.empty()) {
      join(mailbox.comment, comments(tokens_));
      const std::string behind = phrase(tokens_);
      if (!behind.empty()) finding("text follows an address", offset_of(tokens_[0].text));
      if (mailbox.name.empty()) mailbox.name = behind;
      tokens_.clear();
    }
    name_tokens_.clear();
    if (!held_.empty() && !mailbox.name.empty()) {
      finding("a name with a comma has no quotes", held_.front().offset);
      std::string whole;
      for (const Mailbox& one : held_) join(whole, one.name.empty() ? one.local : one.name, ", ");
      join(whole, mailbox.name, ", ");
      mailbox.name = std::move(whole);
      held_.clear();
    }
    emit_held();
    split(angle_, mailbox);
    if (mailbox.local.empty() && mailbox.domain.empty()) {
      finding("the brackets hold no address", mailbox.offset);
    } else if (mailbox.domain.empty()) {
      finding("an address has no domain", mailbox.offset);
    }
    emit(std::move(mailbox));
    has_angle_ = false;
  }

  void emit_held() {
    for (Mailbox& mailbox : held_) {
      finding("this is no address", mailbox.offset);
      emit(std::move(mailbox));
    }
    held_.clear();
  }

  void end_element(bool at_comma) {
    seen_at_ = false;
    if (has_angle_) {
      flush_angle();
      return;
    }
    const auto is_comment = [](const Token& t) { return t.kind == Token::Kind::comment; };
    if (std::ranges::all_of(tokens_, is_comment)) {
      if (!out_.groups.empty() && !tokens_.empty())
        join(out_.groups.back().comment, comments(tokens_));
      tokens_.clear();
      return;
    }
    Mailbox mailbox;
    mailbox.comment = comments(tokens_);
    std::vector<Token> words = std::exchange(tokens_, {});
    std::erase_if(words, is_comment);
    bare(words, mailbox);
    if (mailbox.domain.empty() && at_comma && held_.size() < kJoinedElementsMax) {
      held_.push_back(std::move(mailbox));
      return;
    }
    emit_held();
    if (mailbox.domain.empty()) finding("this is no address", mailbox.offset);
    emit(std::move(mailbox));
  }

  /// An element without <>: an address among words, or no address at all.
  void bare(const std::vector<Token>& words, Mailbox& mailbox) {
    const auto at = std::ranges::find(words, Token::Kind::at, &Token::kind);
    mailbox.offset = offset_of(words[0].text);
    if (at == words.end()) {
      const std::string_view only = words[0].text;
      const bool quoted = words[0].kind == Token::Kind::quoted;
      if (words.size() == 1 && quoted && only.find('@') != only.npos) {
        finding("an address stands in quotes", mailbox.offset);
        split(only.substr(1, only.size() - 2), mailbox);
      } else if (words.size() == 1 && !quoted) {
        mailbox.local = readable_text(only);
      } else {
        mailbox.name = phrase(words);
      }
      return;
    }
    // Words belong to the address as far as dots and @ hold them together.
    const auto joins = [](const Token& a, const Token& b) {
      return a.kind == Token::Kind::at || b.kind == Token::Kind::at || a.text.ends_with('.') ||
             b.text.starts_with('.');
    };
    auto first = at, last = at;
    while (first != words.begin() && joins(*(first - 1), *first)) --first;
    while (last + 1 != words.end() && joins(*last, *(last + 1))) ++last;
    mailbox.offset = offset_of(first->text);
    const std::size_t end = offset_of(last->text) + last->text.size();
    std::vector<Token> name(words.begin(), first);
    name.insert(name.end(), last + 1, words.end());
    if (!name.empty()) finding("an address beside a name has no <>", mailbox.offset);
    mailbox.name = phrase(name);
    const std::string comment = std::exchange(mailbox.comment, {});
    split(value_.substr(mailbox.offset, end - mailbox.offset), mailbox);
    mailbox.comment = comment;
  }

  std::string_view value_;
  std::size_t i_ = 0, literal_end_ = 0;
  bool quotes_close_ = true, comments_close_ = true, full_ = false;
  std::vector<Token> tokens_, name_tokens_;
  bool has_angle_ = false, in_group_ = false, seen_at_ = false;
  std::string_view angle_;
  std::vector<Mailbox> held_;
  AddressList out_;
};

}  // namespace

std::string Mailbox::address() const { return domain.empty() ? local : local + "@" + domain; }

AddressList parse_address_list(std::string_view value) { return Reader(value).read(); }

}  // namespace ph::message
