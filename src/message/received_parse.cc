#include "message/received_parse.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "message/readable.h"
#include "message/received_tokens.h"

namespace ph::message {
namespace {

using Token = ReceivedToken;

enum class Clause { none, from, by, via, with, id, recipient, envelope_from, tls };

Clause clause_of(std::string_view word) {
  constexpr auto words =
      std::to_array<std::pair<std::string_view, Clause>>({{"from", Clause::from},
                                                          {"by", Clause::by},
                                                          {"via", Clause::via},
                                                          {"with", Clause::with},
                                                          {"id", Clause::id},
                                                          {"for", Clause::recipient},
                                                          {"envelope-from", Clause::envelope_from},
                                                          {"tls", Clause::tls}});
  for (const auto& [name, clause] : words)
    if (same_ascii(word, name)) return clause;
  return Clause::none;
}

/// Keywords of the registry (RFC 5321 §4.4, RFC 3848, RFC 6531 §4.3) and what else is met.
std::string protocol_of(std::string_view text) {
  constexpr auto names = std::to_array<std::string_view>(
      {"SMTP",       "ESMTP",    "ESMTPS",      "ESMTPA",       "ESMTPSA",     "LMTP",
       "LMTPS",      "LMTPA",    "LMTPSA",      "UTF8SMTP",     "UTF8SMTPS",   "UTF8SMTPA",
       "UTF8SMTPSA", "UTF8LMTP", "UTF8LMTPS",   "UTF8LMTPA",    "UTF8LMTPSA",  "SMTPS",
       "SSMTP",      "ASMTP",    "BSMTP",       "HTTP",         "HTTPS",       "HTTPREST",
       "MAPI",       "LOCAL",    "LOCAL-ESMTP", "LOCAL-ESMTPS", "LOCAL-BSMTP", "LOCAL-SMTP",
       "POP3",       "IMAP",     "NNFMP",       "ECSTREAM",     "UUCP",        "QMQP",
       "QMTP",       "SMTPSVC",  "MMDF",        "ESMTP-TLS",    "SMTP-TLS",    "ESMTPSA-TLS"});
  std::string found;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \t/([;,:"), text.size());
    const std::string word = ascii_upper(text.substr(0, end));
    if (std::ranges::find(names, word) != names.end() && found.empty()) found = word;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (found == "HTTPREST") return "HTTP";
  if (found == "SMTPSVC") return "SMTP";
  if (found == "ESMTP-TLS") return "ESMTPS";
  if (found == "SMTP-TLS" || found == "SSMTP") return "SMTPS";
  return found.starts_with("LOCAL") ? "LOCAL" : found;
}

class Reader {
 public:
  ReceivedLine read(std::string_view value) {
    if (value.size() > kReceivedOctetsMax) {
      line_.odd.push_back("the field is very long: only its beginning was read");
      value = value.substr(0, kReceivedOctetsMax);
    }
    std::string text = readable(value);
    split_date(text);
    clauses(text);
    derive();
    if (line_.by.empty()) line_.odd.push_back("it does not say which server wrote it");
    if (!line_.date) line_.odd.push_back("it has no date");
    if (line_.from.empty() && line_.ip.empty() && !line_.local)
      line_.odd.push_back("it does not say where the message came from");
    return std::move(line_);
  }

 private:
  static std::string readable(std::string_view value) {
    std::string text;
    for (const char c : value) text.push_back(static_cast<unsigned char>(c) < ' ' ? ' ' : c);
    while (text.ends_with(' ') || text.ends_with(';')) text.pop_back();
    return valid_utf8(text);
  }

  /// The date stands behind the last semicolon outside of comments; some write clauses behind it.
  void split_date(std::string& text) {
    std::size_t semicolon = text.npos, depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '(') ++depth;
      if (text[i] == ')' && depth > 0) --depth;
      if (text[i] == ';' && depth == 0) semicolon = i;
    }
    if (semicolon == text.npos) semicolon = text.rfind(';');
    if (semicolon == text.npos) {
      date_without_mark(text);
      return;
    }
    std::string_view date = std::string_view(text).substr(semicolon + 1);
    const std::size_t from = semicolon + 1;
    std::size_t clause = date.size();
    for (const std::string_view word : {" id ", " for ", " by ", " with "})
      clause = std::min(clause, date.find(word));
    if (auto got = read_date(date.substr(0, clause))) {
      line_.date = *std::move(got);
      text.erase(semicolon, 1 + clause);
      text.insert(semicolon, " ");
    } else {
      if (date.find_first_not_of(' ') != date.npos) line_.odd.push_back("its date cannot be read");
      text[from - 1] = ' ';
    }
    std::ranges::replace(text, ';', ' ');
  }

  /// "... id BQB0hUH2 Thu, 20 Feb 2003 16:13:20 -0700": from the day of the week on.
  void date_without_mark(std::string& text) {
    for (const std::string_view day :
         {"Mon, ", "Tue, ", "Wed, ", "Thu, ", "Fri, ", "Sat, ", "Sun, "}) {
      const std::size_t at = text.rfind(std::string(" ") + std::string(day));
      if (at == text.npos) continue;
      if (auto got = read_date(std::string_view(text).substr(at))) {
        line_.date = *std::move(got);
        line_.odd.push_back("there is no semicolon before its date");
        text.erase(at);
      }
      return;
    }
  }

  void clauses(std::string_view text) {
    const auto tokens = received_tokens(text);
    std::vector<Token> from;
    std::vector<Token> part;
    Clause clause = Clause::none;
    for (const Token& token : tokens) {
      const Clause next = token.kind == Token::Kind::word ? clause_of(token.text) : Clause::none;
      const bool begins = next != Clause::none && !(clause == Clause::id && part.empty()) &&
                          !(clause == Clause::none && !part.empty() && next == Clause::tls);
      if (!begins) {
        part.push_back(token);
        continue;
      }
      end_clause(clause, part, from);
      clause = next;
    }
    end_clause(clause, part, from);
    const std::string software = ascii_lower(std::string_view(line_.software + " " + remarks_));
    const bool web = line_.protocol == "HTTP";
    const bool exim = software.find("exim") != software.npos || is_exim_id(line_.id);
    const bool qmail = line_.software.empty() && line_.id.empty() && line_.protocol == "SMTP" &&
                       line_.with == "SMTP";
    read_from(from, {.qmail_like = qmail, .exim_like = exim, .web = web}, line_);
  }

  /// "1GNrLz-000295-00"; since Exim 4.97 "1rGNrL-00000000295-00Ab".
  static bool is_exim_id(std::string_view id) {
    if (id.size() != 16 && id.size() != 23) return false;
    return id[6] == '-' && id[id.size() == 16 ? 13 : 18] == '-';
  }

  static std::string words_of(const std::vector<Token>& part) {
    std::string out;
    for (const Token& token : part) {
      if (token.kind == Token::Kind::comment) continue;
      if (!out.empty()) out.push_back(' ');
      out += token.text;
    }
    return out;
  }

  void end_clause(Clause clause, std::vector<Token>& part, std::vector<Token>& from) {
    const std::vector<Token> tokens = std::exchange(part, {});
    if (clause == Clause::from) {
      // "for <a@b> from <c@d>" (XMail): the second one is the envelope's sender.
      if (from.empty() && line_.by.empty()) {
        from = tokens;
      } else if (from.empty() && line_.recipient.empty()) {
        from = tokens;
      } else if (!tokens.empty() && tokens[0].text.starts_with('<')) {
        line_.envelope_from = bare(tokens[0].text);
      }
      return;
    }
    if (clause == Clause::none) {
      leading(tokens);
      return;
    }
    const std::string words = words_of(tokens);
    const std::string first(bare(std::string_view(words).substr(0, words.find(' '))));
    const auto set = [](std::string& field, std::string_view text) {
      if (field.empty()) field = text;
    };
    if (clause == Clause::by) set_by(tokens, first);
    if (clause == Clause::via) set(line_.via, words);
    if (clause == Clause::with) set(line_.with, words);
    if (clause == Clause::id) set(line_.id, first);
    if (clause == Clause::recipient) set(line_.recipient, first);
    if (clause == Clause::envelope_from) set(line_.envelope_from, first);
    if (clause == Clause::tls) set(line_.tls_cipher, first);
    if (clause == Clause::with || clause == Clause::via) {
      if (const std::string protocol = protocol_of(words); line_.protocol.empty())
        line_.protocol = protocol;
      with_tls(words);
    }
    remark_all(tokens, clause);
  }

  /// "ESMTP/TLS/DHE-RSA-...", "AES256-GCM-SHA384 encrypted SMTP".
  void with_tls(std::string_view words) {
    if (const std::size_t at = words.find("/TLS/"); at != words.npos && line_.tls_cipher.empty()) {
      const std::string_view rest = words.substr(at + 5);
      line_.tls_cipher = rest.substr(0, rest.find(' '));
    }
    if (const std::size_t at = words.find(" encrypted ");
        at != words.npos && line_.tls_cipher.empty())
      line_.tls_cipher = words.substr(0, at);
  }

  void set_by(const std::vector<Token>& tokens, const std::string& first) {
    if (!line_.by.empty()) return;
    line_.by = first;
    line_.by_ip = ip_in(first);
    bool behind_name = false;
    for (const Token& token : tokens) {
      if (token.kind == Token::Kind::word) {
        if (behind_name && line_.by_ip.empty() && token.text.starts_with('['))
          line_.by_ip = ip_in(token.text);
        behind_name = true;
        continue;
      }
      const std::string ip = ip_in(token.text.substr(0, token.text.find(' ')));
      const std::size_t bracket = token.text.find('[');
      if (!ip.empty() && line_.by_ip.empty()) {
        line_.by_ip = ip;
      } else if (bracket != token.text.npos && line_.by_ip.empty()) {
        line_.by_ip =
            ip_in(token.text.substr(bracket, token.text.find(']', bracket) - bracket + 1));
      }
      if (ip.empty() && line_.software.empty()) line_.software = token.text;
    }
  }

  void remark_all(const std::vector<Token>& tokens, Clause clause) {
    for (const Token& token : tokens) {
      if (token.kind != Token::Kind::comment) continue;
      remarks_ += std::string(token.text) + " ";
      const bool known = read_remark(token.text, line_);
      const std::string lower = ascii_lower(token.text);
      if (lower.find("from userid") != lower.npos) line_.local = true;
      if (clause == Clause::by && lower.starts_with("via http") && line_.protocol.empty())
        line_.protocol = "HTTP";
      if (!known && line_.software.empty() && clause == Clause::with) line_.software = token.text;
    }
  }

  /// What stands before the first clause: "(qmail 123 invoked by uid 5)", "(from a@b)".
  void leading(const std::vector<Token>& tokens) {
    for (const Token& token : tokens) {
      if (token.kind != Token::Kind::comment) continue;
      const std::string lower = ascii_lower(token.text);
      if (lower.starts_with("from ")) {
        // Sendmail writes the user who handed the message in; one gateway a host with its IP.
        const std::string_view rest = trimmed(token.text.substr(5));
        line_.from = rest.substr(0, rest.find(' '));
        if (const std::size_t at = rest.find('['); at != rest.npos)
          line_.ip = ip_in(rest.substr(at));
        line_.local = line_.ip.empty();
        if (!line_.local) line_.helo = line_.from;
      } else if (lower.starts_with("qmail ") || lower.starts_with("ofmipd")) {
        line_.software = token.text;
        line_.local = lower.find("from network") == lower.npos;
        if (lower.starts_with("ofmipd")) line_.ip = ip_in(trimmed(token.text.substr(6)));
        if (!line_.ip.empty()) line_.local = false;
      } else {
        read_remark(token.text, line_);
      }
    }
  }

  void derive() {
    if (line_.protocol == "LOCAL") line_.local = true;
    if (line_.from == "mail" && line_.with.find("SMTPSVC") != line_.with.npos) line_.local = true;
    if (line_.protocol == "HTTP" && line_.auth.empty() && !line_.ip.empty()) line_.auth = "HTTP";
    if (line_.protocol == "ASMTP" && line_.auth.empty()) line_.auth = "asmtp";
    const bool by_keyword = line_.protocol == "ESMTPA" || line_.protocol == "ESMTPSA" ||
                            line_.protocol == "UTF8SMTPA" || line_.protocol == "UTF8SMTPSA";
    if (by_keyword && line_.auth.empty()) line_.auth = line_.protocol;
    if (line_.from.empty() && line_.ip.empty() && line_.software.empty() && !line_.with.empty() &&
        line_.by.empty())
      line_.local = true;  // "with ECARTIS (...)"
  }

  ReceivedLine line_;
  std::string remarks_;
};

}  // namespace

bool ReceivedLine::tls() const {
  if (!tls_version.empty() || !tls_cipher.empty()) return true;
  return protocol.ends_with("SMTPS") || protocol.ends_with("SMTPSA") ||
         protocol.ends_with("LMTPS") || protocol.ends_with("LMTPSA") || protocol == "HTTPS";
}

ReceivedLine parse_received(std::string_view value) { return Reader().read(value); }

}  // namespace ph::message
