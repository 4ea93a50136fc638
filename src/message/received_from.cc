// What a Received field says of the client, and what its comments say.
#include <algorithm>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "base/ip_text.h"
#include "message/readable.h"
#include "message/received_tokens.h"

namespace ph::message {
namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

bool is_unknown(std::string_view name) {
  const std::string lower = ascii_lower(bare(name));
  return lower.empty() || lower == "unknown" || lower == "softdnserr" || lower == "nodnsquery" ||
         lower == "unverified" || lower == "unknown.domain" || lower == "unavailable" ||
         lower == "local" || lower == "helo" || lower == "ehlo" || lower == "lhlo" ||
         has(lower, "dns failed");
}

/// The word behind `key` in `text` ("helo=x", "HELO x"), up to a blank, comma or the end.
std::optional<std::string_view> value_behind(std::string_view text, std::string_view lower,
                                             std::string_view key) {
  std::size_t at = lower.find(key);
  while (at != lower.npos && at > 0 && lower[at - 1] != ' ' && lower[at - 1] != ',')
    at = lower.find(key, at + 1);
  if (at == lower.npos) return {};
  std::string_view rest = text.substr(at + key.size());
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  return rest.substr(0, rest.find_first_of(" ,"));
}

std::string known_version(std::string_view text) {
  std::string key = ascii_lower(text);
  std::erase_if(key,
                [](char c) { return c == '_' || c == '-' || c == '.' || c == 'v' || c == ' '; });
  if (key.starts_with("tls13")) return "TLSv1.3";
  if (key.starts_with("tls12")) return "TLSv1.2";
  if (key.starts_with("tls11")) return "TLSv1.1";
  if (key.starts_with("tls1")) return "TLSv1";
  if (key.starts_with("ssl3")) return "SSLv3";
  return std::string(text);
}

void set_tls(ReceivedLine& line, std::string_view version, std::string_view cipher) {
  if (line.tls_version.empty() && !version.empty()) line.tls_version = known_version(version);
  if (line.tls_cipher.empty() && !cipher.empty()) line.tls_cipher = cipher;
}

/// "TLSv1:DES-CBC3-SHA:168", "TLS1.3:ECDHE...:256", "TLSv1.2:X:256:NO": version first, then cipher.
bool read_colons(std::string_view comment, ReceivedLine& line) {
  const std::string lower = ascii_lower(comment);
  const std::size_t colon = comment.find(':');
  if (!lower.starts_with("tls") && !lower.starts_with("ssl")) return false;
  if (colon == comment.npos) {
    if (comment.size() > 8 || comment.size() < 4 || has(comment, " ")) return false;
    set_tls(line, comment, {});  // "(TLS1.3)" of Exim, whose cipher stands behind it
    return true;
  }
  if (colon > 10) return false;
  std::string_view rest = comment.substr(colon + 1);
  if (rest.starts_with(' ')) {  // Courier: "TLS: TLSv1/SSLv3, 168bits,DES-CBC3-SHA"
    rest = trimmed(rest);
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::size_t last = rest.rfind(',');
    set_tls(line, rest.substr(0, comma),
            last == rest.npos ? std::string_view{} : trimmed(rest.substr(last + 1)));
    return true;
  }
  set_tls(line, comment.substr(0, colon), rest.substr(0, rest.find_first_of(": ")));
  return true;
}

bool read_tls(std::string_view comment, std::string_view lower, ReceivedLine& line) {
  if (lower.starts_with("using ")) {  // Postfix and its kin
    const auto version = value_behind(comment, lower, "using ");
    const auto cipher = value_behind(comment, lower, "cipher ");
    set_tls(line, version.value_or(""), cipher.value_or(""));
    return true;
  }
  if (has(lower, "version=tls") || has(lower, "cipher=") || has(lower, "version=ssl")) {
    const auto version = value_behind(comment, lower, "version=");
    const auto cipher = value_behind(comment, lower, "cipher=");
    set_tls(line, version.value_or(""), cipher.value_or(""));
    return true;
  }
  if (lower.starts_with("tls_cipher ") || lower.starts_with("cipher ")) {  // Exim 3 and 4.50
    return read_colons(trimmed(comment.substr(comment.find(' '))), line);
  }
  if (lower.ends_with(" encrypted")) {
    set_tls(line, {}, comment.substr(0, comment.find(' ')));
    return true;
  }
  if (const std::size_t at = lower.find("tls: "); at != lower.npos)
    return read_colons(comment.substr(at), line);
  if (const std::size_t at = lower.find("ssl: "); at != lower.npos)
    return read_colons(comment.substr(at), line);
  return read_colons(comment, line);
}

bool read_auth(std::string_view comment, std::string_view lower, ReceivedLine& line) {
  const auto set = [&line](std::string_view text) {
    if (line.auth.empty()) line.auth = text;
    return true;
  };
  const auto rest_of = [&](std::string_view key) {
    return trimmed(comment.substr(lower.find(key) + key.size()));
  };
  if (has(lower, "authenticated sender: ")) return set(rest_of("authenticated sender: "));
  if (lower.starts_with("authenticated as ")) return set(rest_of("authenticated as "));
  if (has(lower, "authenticated user ")) return set(rest_of("authenticated user "));
  if (lower.starts_with("authenticated user=")) return set(rest_of("user="));
  if (lower == "authenticated" || lower.starts_with("authenticated bits")) return set(comment);
  if (lower.starts_with("auth: ")) {
    const std::string_view rest = comment.substr(6);
    return set(trimmed(rest.substr(0, rest.find(','))));
  }
  if (lower.starts_with("account ")) {
    const std::string_view rest = comment.substr(8);
    return set(rest.substr(0, rest.find(' ')));
  }
  if (lower.starts_with("smtp-auth username ")) return set(rest_of("username "));
  return false;
}

class FromReader {
 public:
  FromReader(FromStyle style, ReceivedLine& line) : style_(style), line_(line) {}

  void read(const std::vector<ReceivedToken>& tokens) {
    bool first = true;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const ReceivedToken& token = tokens[i];
      if (token.kind == ReceivedToken::Kind::comment) {
        comment(trimmed(token.text));
        continue;
      }
      if (first && (i == 0 || line_.from.empty())) {
        if (i == 0) first_word(token.text);
        if (i > 0) bracketed(token.text);
      } else if (token.text.starts_with('[') && ip_.empty()) {
        bracketed(token.text);
      } else if (same_ascii(token.text, "claiming") && i + 3 < tokens.size()) {
        helo_ = bare(tokens[i + 3].text);  // claiming to be "x"
        i += 3;
      } else if (same_ascii(token.text, "named") && i + 1 < tokens.size()) {
        helo_ = "";
        ++i;
      } else if (same_ascii(token.text, "stdin")) {
        line_.local = true;
      }
      first = false;
    }
    settle();
  }

 private:
  void first_word(std::string_view word) {
    word_ = word;
    while (word_.ends_with(',') || word_.ends_with(';')) word_.remove_suffix(1);
    line_.from = word_;
    word_ip_ = ip_in(word_);
  }

  void bracketed(std::string_view text) {
    if (const std::string ip = ip_in(text); !ip.empty()) ip_ = ip;
  }

  /// "HELO x", "EHLO x", "LHLO x", "helo=x ident=y": leaves the rest to be looked at.
  void names(std::string_view text, std::string_view lower) {
    for (const std::string_view key : {"helo ", "ehlo ", "lhlo "}) {
      if (lower.starts_with(key) || has(lower, std::string(" ") + std::string(key)))
        if (const auto value = value_behind(text, lower, key)) helo_ = *value;
    }
    if (lower == "helo" || lower == "ehlo") helo_ = "";
    if (const auto value = value_behind(text, lower, "helo=")) helo_ = *value;
    if (const auto value = value_behind(text, lower, "ident=")) line_.ident = *value;
  }

  void comment(std::string_view text) {
    const std::string lower = ascii_lower(text);
    if (text.empty()) return;
    names(text, lower);
    const bool remark = !lower.starts_with("ident:") && read_remark(text, line_);
    if (remark && !lower.starts_with("account ")) return;
    if (lower.starts_with("uid ") || lower.starts_with("envelope-")) {
      if (lower.starts_with("uid ")) line_.local = true;
      return;
    }
    hosts(text, lower);
  }

  /// "rdns [ip] (may be forged)", "ident@rdns [ip]", "[ip]:port", "ip", "ident@ip", "rdns".
  void hosts(std::string_view text, std::string_view lower) {
    const std::size_t open = text.find('[');
    std::string_view name;
    if (open != text.npos) {
      const std::size_t close = std::min(text.find(']', open), text.size() - 1);
      const std::string ip = ip_in(text.substr(open, close - open + 1));
      if (!ip.empty() && ip_.empty() && !is_helo(lower, open)) ip_ = ip;
      name = trimmed(text.substr(0, open));
      line_.local = line_.local || same_ascii(text.substr(open, close - open + 1), "[local]");
      if (has(lower, "verified") && !has(lower, "unverified")) verified_ = true;
    } else {
      name = plain_words(text, lower);
    }
    if (const std::size_t at = name.find('@'); at != name.npos && ip_in(name).empty()) {
      std::string_view ident = name.substr(0, at);
      if (ascii_lower(ident).starts_with("ident:")) ident.remove_prefix(6);
      if (line_.ident.empty()) line_.ident = ident;
      name = name.substr(at + 1);
    }
    if (has(name, " ") || has(name, "=") || is_unknown(name)) return;
    if (ip_in(name).empty()) rdns_ = bare(name);
  }

  static bool is_helo(std::string_view lower, std::size_t open) {
    const std::size_t helo = lower.rfind("helo", open);
    return helo != lower.npos && open - helo <= 5;
  }

  /// A comment without brackets: an IP somewhere in it, or a name.
  std::string_view plain_words(std::string_view text, std::string_view lower) {
    if (lower.starts_with("helo") || lower.starts_with("ehlo") || lower.starts_with("lhlo"))
      return {};
    std::string_view rest = text;
    std::string_view last;
    std::size_t words = 0;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find_first_of(" ,"), rest.size());
      std::string_view word = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (word.empty()) continue;
      ++words;
      last = word;
      if (const std::size_t at = word.rfind('@');
          at != word.npos && !ip_in(word.substr(at + 1)).empty()) {
        if (line_.ident.empty()) line_.ident = word.substr(0, at);
        word.remove_prefix(at + 1);
      }
      if (const std::string ip = ip_in(word); !ip.empty() && ip_.empty()) {
        ip_ = ip;
        last = {};
      }
    }
    return words == 1 ? last : std::string_view{};
  }

  void settle() {
    const bool bracketed_word = word_.starts_with('[');
    if (ip_.empty()) ip_ = word_ip_;
    line_.ip = ip_;
    line_.rdns = rdns_;
    const bool word_is_name = word_ip_.empty() && !is_unknown(word_) && !has(word_, "@");
    if (helo_) {
      line_.helo = *helo_;
      if (line_.rdns.empty() && word_is_name && !ip_.empty()) line_.rdns = bare(word_);
      return;
    }
    if (word_.empty() || (!word_ip_.empty() && !bracketed_word && rdns_.empty())) return;
    if (bracketed_word && style_.web) return;
    if (same_ascii(word_, "unknown") || same_ascii(word_, "<unavailable>")) return;
    const std::string lower = ascii_lower(word_);
    if (ip_.empty() && (has(lower, "@") || lower.ends_with("spooldir") || lower == "spooler"))
      line_.local = true;  // a program passed it on: qmail-scanner, Mercury
    if (line_.local) return;
    line_.helo = bracketed_word ? std::string(word_) : std::string(bare(word_));
    if (rdns_.empty() && word_is_name && !ip_.empty() &&
        (style_.exim_like || style_.qmail_like || verified_))
      line_.rdns = bare(word_);
  }

  FromStyle style_;
  ReceivedLine& line_;
  std::string_view word_;
  std::string word_ip_, ip_, rdns_;
  std::optional<std::string> helo_;
  bool verified_ = false;
};

}  // namespace

std::vector<ReceivedToken> received_tokens(std::string_view text) {
  std::vector<ReceivedToken> out;
  bool glued = false, closes = true;
  std::size_t i = 0;
  while (i < text.size() && out.size() < kReceivedTokensMax) {
    if (text[i] == ' ') {
      glued = false;
      ++i;
      continue;
    }
    ReceivedToken token{.glued = glued};
    std::size_t octets = text[i] == '(' && closes ? comment_octets(text.substr(i)) : 0;
    if (octets > 0) {
      token.kind = ReceivedToken::Kind::comment;
      token.text = text.substr(i + 1, octets - 2);
    } else {
      if (text[i] == '(') closes = false;
      std::size_t end = i + 1;
      while (end < text.size() && text[end] != ' ' && (text[end] != '(' || !closes)) ++end;
      octets = end - i;
      token.text = text.substr(i, octets);
    }
    out.push_back(token);
    i += octets;
    glued = true;
  }
  return out;
}

std::string ip_in(std::string_view text) {
  while (text.starts_with('(') || text.starts_with('<')) text.remove_prefix(1);
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    text = text.substr(1, end == text.npos ? text.npos : end - 1);
    while (text.starts_with('(') || text.starts_with('[')) text.remove_prefix(1);
  }
  while (text.ends_with(',') || text.ends_with(')') || text.ends_with('.') || text.ends_with('>'))
    text.remove_suffix(1);
  if (ascii_lower(text.substr(0, 5)) == "ipv6:") text.remove_prefix(5);
  text = text.substr(0, text.find('%'));  // a zone of this host means nothing elsewhere
  const auto parsed = [](std::string_view ip) -> std::string {
    const auto octets = parse_ip_text(ip);
    return octets ? format_ip(*octets) : std::string();
  };
  if (std::string ip = parsed(text); !ip.empty()) return ip;
  if (std::ranges::count(text, ':') == 1) return parsed(text.substr(0, text.find(':')));
  if (std::ranges::count(text, '.') == 4) return parsed(text.substr(0, text.rfind('.')));
  return {};
}

std::string_view bare(std::string_view text) {
  while (!text.empty() && (text.front() == '<' || text.front() == '"')) text.remove_prefix(1);
  while (!text.empty() && std::string_view(">\",;.").find(text.back()) != std::string_view::npos)
    text.remove_suffix(1);
  return text;
}

bool read_remark(std::string_view comment, ReceivedLine& line) {
  const std::string lower = ascii_lower(comment);
  for (const std::string_view key : {"envelope-from ", "envelope-sender "}) {
    if (const auto value = value_behind(comment, lower, key)) {
      if (line.envelope_from.empty()) line.envelope_from = bare(*value);
      return true;
    }
  }
  const bool auth = read_auth(comment, lower, line);
  const bool tls = read_tls(comment, lower, line);
  const bool about_tls = lower.starts_with("no client cert") || lower.starts_with("client ") ||
                         lower.starts_with("verified ok");
  return auth || tls || about_tls;
}

void read_from(const std::vector<ReceivedToken>& tokens, FromStyle style, ReceivedLine& line) {
  if (tokens.empty()) return;
  FromReader(style, line).read(tokens);
}

}  // namespace ph::message
