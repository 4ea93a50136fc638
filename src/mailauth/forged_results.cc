#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "codec/idna.h"
#include "codec/utf8.h"
#include "mailauth/results.h"
#include "message/auth_fields.h"
#include "message/readable.h"

namespace ph::mailauth {
namespace {

/// Names where the authserv-id stands: one, and a version.
constexpr std::size_t kHeadNamesMax = 16;
/// Words of a Received-SPF field: one has some 30.
constexpr std::size_t kSpfWordsMax = 64;
static_assert(kSpfWordsMax <= message::kAuthPropertiesMax);

using Range = std::pair<char32_t, char32_t>;

template <std::size_t kCount>
bool is_in(const std::array<Range, kCount>& ranges, char32_t point) {
  return std::ranges::any_of(
      ranges, [&](const Range& range) { return range.first <= point && point <= range.second; });
}

/// What people see as a blank, of the characters with White_Space in Unicode.
bool is_seen_as_blank(char32_t point) {
  static constexpr std::array<Range, 10> kBlanks{{{0x09, 0x0d},
                                                  {0x20, 0x20},
                                                  {0x85, 0x85},
                                                  {0xa0, 0xa0},
                                                  {0x1680, 0x1680},
                                                  {0x2000, 0x200a},
                                                  {0x2028, 0x2029},
                                                  {0x202f, 0x202f},
                                                  {0x205f, 0x205f},
                                                  {0x3000, 0x3000}}};
  return is_in(kBlanks, point);
}

/// What nobody sees: controls, zero-width characters, marks of direction, variation selectors,
/// Braille without dots. What is not here and no domain has, is caught below.
bool is_unseen(char32_t point) {
  static constexpr std::array<Range, 13> kUnseen{{{0x00, 0x1f},
                                                  {0x7f, 0x9f},
                                                  {0xad, 0xad},
                                                  {0x034f, 0x034f},
                                                  {0x061c, 0x061c},
                                                  {0x180b, 0x180f},
                                                  {0x200b, 0x200f},
                                                  {0x202a, 0x202e},
                                                  {0x2060, 0x206f},
                                                  {0x2800, 0x2800},
                                                  {0xfe00, 0xfe0f},
                                                  {0xfeff, 0xfeff},
                                                  {0xe0000, 0xe0fff}}};
  return is_in(kUnseen, point);
}

/// The text as it is seen: each blank a space, nothing that is not seen. What is no UTF-8 stays.
std::string as_seen(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto head = codec::utf8_head(text);
    const bool character = head.is == codec::Utf8Head::Is::character;
    const auto octets = text.substr(0, head.octets);
    text.remove_prefix(octets.size());
    if (character && is_seen_as_blank(head.point)) {
      out += ' ';
    } else if (!character || !is_unseen(head.point)) {
      out += octets;
    }
  }
  return out;
}

bool is_in_name(char c) {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// What is compared: a name without full stops behind it, however it is spelt.
std::string comparable(std::string_view name) {
  while (name.ends_with('.')) name.remove_suffix(1);
  return codec::dns_spelling(name);
}

/// Do people, or programs that are content with less than the grammar, read `own` in it? Whatever
/// stands around it; and what cannot be a name may look like any.
bool may_name(std::string_view text, const std::string& own) {
  std::size_t names = 0;
  for (auto at = text.begin(); at != text.end();) {
    at = std::find_if(at, text.end(), is_in_name);
    const auto end = std::find_if_not(at, text.end(), is_in_name);
    const std::string_view name(at, end);
    if (++names > kHeadNamesMax) return true;
    const bool is_none = !codec::is_ascii(name) && !codec::to_ascii_typed_domain(name);
    if (is_none || comparable(name) == own) return true;
    at = end;
  }
  return false;
}

/// What stands where the authserv-id has to: up to the first ";", without comments and quotes. RFC
/// 8601 §2.2.
struct Head {
  std::string text;
  bool readable = true;
};

Head head_of(std::string_view text) {
  Head out;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    const bool escaped = c == '\\' && (quoted || depth > 0) && i + 1 < text.size();
    if (escaped) c = text[++i];
    if (depth > 0) {
      if (!escaped) depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    } else if (c == '"' && !escaped) {
      quoted = !quoted;
    } else if (quoted) {
      out.text += c;
    } else if (c == '(') {
      ++depth;
      out.text += ' ';
    } else if (c == ';') {
      break;
    } else {
      out.text += c;
    }
  }
  // "method=result": there is no authserv-id, and the reader's own server may be meant.
  out.readable =
      depth == 0 && !quoted && !out.text.contains('=') && std::ranges::any_of(out.text, is_in_name);
  return out;
}

/// Words outside of comments and quotes; kSpfWordsMax where one of these has no end.
std::size_t words_of(std::string_view text) {
  std::size_t words = 0;
  bool quoted = false;
  while (!text.empty()) {
    const char c = text.front();
    std::size_t octets = 1;
    if (c == '"') {
      quoted = !quoted;
    } else if (quoted) {
      octets = c == '\\' && text.size() > 1 ? 2 : 1;
    } else if (c == '(') {
      octets = message::comment_octets(text);
      if (octets == 0) return kSpfWordsMax;  // what is not closed is looked at once
    } else if (c == ' ' || c == ';' || c == '=') {
      ++words;
    }
    text.remove_prefix(octets);
  }
  return quoted ? kSpfWordsMax : words;
}

/// Does the field say that another server wrote it? RFC 7208 §9.1 receiver=.
bool is_others_spf(std::string_view text, const std::string& own) {
  // What is not read of a field that is longer may be another receiver.
  if (words_of(text) >= kSpfWordsMax) return false;
  const message::ReceivedSpf read = message::parse_received_spf(text);
  // "(mail.example: domain of a@b designates ...)" is what people look at.
  if (may_name(read.comment.substr(0, read.comment.find_first_of(": ")), own)) return false;
  bool any = false;
  for (const auto& [name, value] : read.pairs) {
    if (!same_ascii(name, "receiver")) continue;
    any = true;
    if (may_name(value, own)) return false;
  }
  return any;
}

}  // namespace

std::vector<const message::Field*> forged_results(const message::Header& header,
                                                  std::string_view authserv_id) {
  const std::string own = comparable(authserv_id);
  std::vector<const message::Field*> out;
  for (const message::Field* field : header.all("authentication-results")) {
    const Head head = head_of(as_seen(field->value));
    if (!head.readable || may_name(head.text, own)) out.push_back(field);
  }
  for (const message::Field* field : header.all("received-spf")) {
    if (!is_others_spf(as_seen(field->value), own)) out.push_back(field);
  }
  return out;
}

}  // namespace ph::mailauth
