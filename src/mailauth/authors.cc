#include "mailauth/authors.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "base/ascii.h"
#include "base/ip_text.h"
#include "codec/idna.h"
#include "mailauth/dmarc.h"
#include "message/address_list.h"
#include "message/readable.h"
#include "wire/dns/name.h"

namespace ph::mailauth {
namespace {

bool is_wide(char c) { return static_cast<unsigned char>(c) >= 0x80; }
bool is_host_octet(char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '_'; }
bool is_blank(char c) { return is_space(c) || c == '\r' || c == '\n'; }

/// Octets of the first of `signs` that `text` starts with; 0 when it starts with none.
std::size_t sign_octets(std::string_view text, std::span<const std::string_view> signs) {
  for (const std::string_view sign : signs)
    if (text.starts_with(sign)) return sign.size();
  return 0;
}

/// "@", and what people read as that: U+FF20, U+FE6B.
std::size_t at_octets(std::string_view text) {
  static constexpr std::array<std::string_view, 3> kSigns{"@", "\xef\xbc\xa0", "\xef\xb9\xab"};
  return sign_octets(text, kSigns);
}

/// The full stop, and what people read as that: U+3002, U+FF0E, U+FF61, U+2024, U+FE52.
std::size_t dot_octets(std::string_view text) {
  static constexpr std::array<std::string_view, 6> kSigns{
      ".", "\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1", "\xe2\x80\xa4", "\xef\xb9\x92"};
  return sign_octets(text, kSigns);
}

bool shows_at(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (at_octets(text.substr(i)) > 0) return true;
  return false;
}

/// "bank.test", ".bank.test": a label, one dot and another label. Not "...now", "12...13", "-.-".
bool looks_like_domain(std::string_view text) {
  bool behind_label = false, in_label = false;
  while (!text.empty()) {
    const std::size_t dot = dot_octets(text);
    if (dot > 0) {
      behind_label = std::exchange(in_label, false);
    } else if (is_wide(text.front()) || is_alpha(text.front()) || is_digit(text.front())) {
      if (behind_label) return true;
      in_label = true;
    }
    text.remove_prefix(std::max<std::size_t>(dot, 1));
  }
  return false;
}

/// As the DNS knows it; nullopt: no host or domain can have this name.
std::optional<std::string> domain_of(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  // Readers map what people type, so that is what counts here: capitals and full-width letters.
  auto ascii = std::ranges::any_of(text, is_wide) ? codec::to_ascii_typed_domain(text)
                                                  : codec::to_ascii_domain(text);
  if (!ascii || ascii->empty()) return std::nullopt;
  if (!std::ranges::all_of(*ascii, [](char c) { return c == '.' || is_host_octet(c); }))
    return std::nullopt;
  if (ascii->ends_with('.')) ascii->pop_back();  // of an ideographic one
  if (!dns::normal_name(*ascii)) return std::nullopt;
  return ascii_lower(std::string_view(*ascii));
}

/// "[192.0.2.1]", "[IPv6:2001:db8::1]". RFC 5321 §4.1.3.
bool is_address_literal(std::string_view text) {
  if (!text.starts_with('[') || !text.ends_with(']')) return false;
  text = text.substr(1, text.size() - 2);
  if (text.size() > 5 && same_ascii(text.substr(0, 5), "IPv6:")) text.remove_prefix(5);
  return parse_ip_text(text).has_value();
}

/// CR and LF stand in folds alone; ESC in what switches ISO-2022-JP (RFC 1468), which old mail has
/// in names as it is.
bool has_controls(std::string_view value) {
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto octet = static_cast<unsigned char>(value[i]);
    const auto behind = value.substr(i + 1, 2);
    if (octet == 0x1b && (behind == "$B" || behind == "$@" || behind == "(B" || behind == "(J"))
      continue;
    if (octet == '\r' && i + 1 < value.size() && value[i + 1] == '\n') continue;
    if (octet == 0x7f || (octet < 0x20 && octet != '\t' && octet != '\n')) return true;
  }
  return false;
}

class Reader {
 public:
  void read(std::string_view value) {
    if (has_controls(value)) found(AuthorTrouble::unclear);
    switches_ = switches_ || value.find('\x1b') != value.npos;
    const message::AddressList list = message::parse_address_list(value);
    for (const message::AddressGroup& group : list.groups) shows(group.name);
    for (const message::Mailbox& mailbox : list.mailboxes) take(mailbox);
    look_around(value);
  }

  Authors result(std::size_t fields) {
    if (fields == 0 || (empty_ && fields == 1)) found(AuthorTrouble::missing);
    if (fields > 1) found(AuthorTrouble::several);
    if (out_.domains.size() > kDmarcAuthorDomainsMax) found(AuthorTrouble::too_many);
    if (out_.domains.empty() && !literal_)
      found(switches_ ? AuthorTrouble::unclear : AuthorTrouble::nobody);
    return std::move(out_);
  }

 private:
  void found(AuthorTrouble trouble) {
    if (out_.trouble == AuthorTrouble::none || trouble < out_.trouble) out_.trouble = trouble;
  }

  void add(std::string domain) {
    empty_ = false;
    if (out_.domains.size() > kDmarcAuthorDomainsMax) return;
    if (std::ranges::find(out_.domains, domain) == out_.domains.end())
      out_.domains.push_back(std::move(domain));
  }

  /// Of text where no address stands.
  void shows(std::string_view text) {
    if (!text.empty()) empty_ = false;
    if (shows_at(text)) found(AuthorTrouble::hidden);
  }

  void take(const message::Mailbox& mailbox) {
    if (mailbox.domain.empty()) {
      shows(mailbox.name);
      shows(message::readable_text(mailbox.local));
      shows(mailbox.comment);
      return;
    }
    // Encoded words have no place in an address (RFC 2047 §5), and some readers decode them there.
    if (mailbox.local.find("=?") != mailbox.local.npos)
      shows(message::readable_text(mailbox.local));
    empty_ = false;
    if (is_address_literal(mailbox.domain)) {
      literal_ = true;
    } else if (auto domain = domain_of(mailbox.domain)) {
      add(*std::move(domain));
    } else {
      found(AuthorTrouble::no_domain);
    }
  }

  /// Every "@" outside quotes and comments with what looks like a domain behind it: readers differ
  /// in which part of `a@b.test <c@d.test>` or `<@b.test:c@d.test>` they show.
  void look_around(std::string_view rest) {
    bool quotes = true, comments = true;
    while (!rest.empty()) {
      std::size_t octets = 0;
      if (rest.front() == '"' && quotes) quotes = (octets = message::quoted_octets(rest)) > 0;
      if (rest.front() == '(' && comments) comments = (octets = message::comment_octets(rest)) > 0;
      if (octets == 0 && (octets = at_octets(rest)) > 0) look_at(rest.substr(octets));
      rest.remove_prefix(std::max<std::size_t>(octets, 1));
    }
  }

  void look_at(std::string_view behind) {
    while (!behind.empty() && is_blank(behind.front())) behind.remove_prefix(1);
    std::size_t end = 0;  // at the next "@" at the latest: the cost stays linear
    while (end < behind.size() && at_octets(behind.substr(end)) == 0 &&
           (behind[end] == '.' || is_host_octet(behind[end]) || is_wide(behind[end])))
      ++end;
    behind = behind.substr(0, end);
    while (behind.ends_with('.')) behind.remove_suffix(1);
    if (!looks_like_domain(behind)) return;
    if (auto domain = domain_of(behind)) {
      add(*std::move(domain));
    } else {
      found(AuthorTrouble::no_domain);
    }
  }

  Authors out_;
  bool empty_ = true, literal_ = false;
  bool switches_ = false;  // to ISO-2022-JP, as it is: what it shows is not read here
};

}  // namespace

std::string_view to_string(AuthorTrouble trouble) {
  constexpr std::array<std::string_view, 10> texts{
      "From is in order",
      "the header has more fields than are read, and another From may stand there",
      "the header begins with a blank, and some readers take its first line for a field",
      "there is no From field, or an empty one",
      "there are several From fields",
      "there are control characters in From",
      "From shows an address where none stands",
      "From has an address whose domain cannot be one",
      "From names too many domains",
      "From names nobody's address",
  };
  return texts[std::to_underlying(trouble)];
}

Authors authors_of(const message::Header& header) {
  Reader reader;
  const auto fields = header.all("from");
  for (const message::Field* field : fields) reader.read(field->value);
  Authors authors = reader.result(fields.size());
  using message::HeaderOddity;
  const auto has = [&header](HeaderOddity what) {
    return std::ranges::any_of(header.findings(), [what](const message::HeaderFinding& finding) {
      return finding.what == what;
    });
  };
  if (has(HeaderOddity::begins_folded)) authors.trouble = AuthorTrouble::folded;
  if (has(HeaderOddity::too_many_fields) || has(HeaderOddity::too_many_octets))
    authors.trouble = AuthorTrouble::unread;
  return authors;
}

}  // namespace ph::mailauth
