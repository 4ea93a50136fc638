#include "mailauth/results_words.h"

#include <algorithm>

#include "base/ascii.h"
#include "codec/idna.h"
#include "codec/utf8.h"

namespace ph::mailauth {
namespace {

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

/// A token of RFC 2045 §5.1, which needs no quotes; "@", "/" and ":" stand in addresses and
/// identities, where RFC 8601 §2.2 has them bare.
bool is_bare(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_alpha(c) || is_digit(c) ||
           std::string_view("-._+@:/*!#$%&'^`{|}~").find(c) != std::string_view::npos;
  });
}

/// As the DNS knows it; nullopt: it cannot be told in ASCII.
std::optional<std::string> ascii_of(std::string_view domain) {
  if (codec::is_ascii(domain)) return std::string(domain);
  const bool rooted = domain.ends_with('.');
  auto ascii = codec::to_ascii_domain(domain.substr(0, domain.size() - (rooted ? 1 : 0)));
  // Other forms of the same name, such as capital letters, are what no check looked for.
  if (!ascii) return std::nullopt;
  return *std::move(ascii);
}

/// Where the domain begins, behind its "@"; an address literal may have an "@" inside.
std::size_t domain_at(std::string_view address) {
  const auto literal = address.ends_with(']') ? address.rfind("@[") : std::string_view::npos;
  const auto at = literal != std::string_view::npos ? literal : address.rfind('@');
  return at == std::string_view::npos ? at : at + 1;
}

}  // namespace

std::optional<std::string> plain_word(std::string_view text) {
  if (text.size() > kWordOctetsMax || !is_printable(text)) return std::nullopt;
  if (is_bare(text)) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::optional<std::string> domain_word(std::string_view domain) {
  if (domain.size() > codec::kIdnaTypedOctetsMax) return std::nullopt;
  const auto ascii = ascii_of(domain);
  if (!ascii || ascii->size() > codec::kIdnaDomainOctetsMax) return std::nullopt;
  return plain_word(*ascii);
}

std::optional<std::string> address_word(std::string_view address, bool keeps_at) {
  const auto begin = domain_at(address);
  if (begin == std::string_view::npos) return plain_word(address);
  const auto domain = address.substr(begin);
  if (domain.size() > codec::kIdnaTypedOctetsMax) return std::nullopt;
  const auto ascii = ascii_of(domain);
  if (!ascii || ascii->size() > codec::kIdnaDomainOctetsMax) return std::nullopt;
  if (address.size() <= kWordOctetsMax + codec::kIdnaTypedOctetsMax) {
    auto whole = plain_word(std::string(address.substr(0, begin)) + *ascii);
    if (whole) return whole;
  }
  return plain_word((keeps_at ? "@" : "") + *ascii);
}

std::string comment(std::string_view text) {
  const bool whole = text.size() <= kCommentOctetsMax;
  if (!whole) {
    const auto end = text.substr(0, kCommentOctetsMax - 3).rfind(' ');
    text = text.substr(0, end == std::string_view::npos ? 0 : end + 1);
  }
  std::string out = "(";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet >= 0x7f) {
      out += '?';
    } else if (c == '(' || c == ')' || c == '\\') {
      out += ' ';
    } else {
      out += c;
    }
  }
  return out + (whole ? ")" : "...)");
}

void put_folded(std::string_view text, std::size_t& column, std::string& out) {
  while (!text.empty()) {
    const auto end = std::min(text.find(' ', 1), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(end);
    if (column + word.size() > kResultsColumnsMax && word.starts_with(' ')) {
      out += "\r\n\t";
      out += word.substr(1);
      column = word.size();
    } else {
      out += word;
      column += word.size();
    }
  }
}

}  // namespace ph::mailauth
