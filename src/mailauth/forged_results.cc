#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "codec/idna.h"
#include "codec/utf8.h"
#include "mailauth/results.h"
#include "message/auth_fields.h"

namespace ph::mailauth {
namespace {

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

/// What nobody sees: controls, zero-width characters, marks of direction, variation selectors.
bool is_unseen(char32_t point) {
  static constexpr std::array<Range, 12> kUnseen{{{0x00, 0x1f},
                                                  {0x7f, 0x9f},
                                                  {0xad, 0xad},
                                                  {0x034f, 0x034f},
                                                  {0x061c, 0x061c},
                                                  {0x180b, 0x180f},
                                                  {0x200b, 0x200f},
                                                  {0x202a, 0x202e},
                                                  {0x2060, 0x206f},
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

/// A host name in the one form in which it is compared.
std::string comparable(std::string_view name) {
  name = trimmed(name);
  while (name.ends_with('.')) name.remove_suffix(1);
  if (auto typed = codec::to_ascii_typed_domain(name)) return *std::move(typed);
  return ascii_lower(name);
}

/// What stands where the authserv-id has to, behind comments and white space: RFC 8601 §2.2.
struct Claimed {
  std::string name;
  bool assigned = false;  // it is "method=result": there is no authserv-id
};

Claimed claimed_by(std::string_view text) {
  Claimed out;
  int depth = 0;
  bool ended = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    const bool escaped = c == '\\' && i + 1 < text.size();
    if (escaped) c = text[++i];
    if (depth > 0 || (c == '(' && !escaped)) {
      if (!escaped) depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    } else if (c == ';') {
      break;
    } else if (c == '=') {
      out.assigned = true;
      break;
    } else if (is_space(c)) {
      ended = !out.name.empty();
    } else if (ended) {
      break;
    } else if (c != '"' || escaped) {
      out.name += c;
    }
  }
  return out;
}

}  // namespace

std::vector<const message::Field*> forged_results(const message::Header& header,
                                                  std::string_view authserv_id) {
  const std::string own = comparable(authserv_id);
  std::vector<const message::Field*> out;
  for (const message::Field* field : header.all("authentication-results")) {
    const Claimed claimed = claimed_by(as_seen(field->value));
    if (claimed.name.empty() || claimed.assigned || comparable(claimed.name) == own)
      out.push_back(field);
  }
  for (const message::Field* field : header.all("received-spf")) {
    const auto pairs = message::parse_received_spf(as_seen(field->value)).pairs;
    std::size_t others = 0, receivers = 0;
    for (const auto& [name, value] : pairs) {
      if (!same_ascii(name, "receiver")) continue;
      ++receivers;
      others += comparable(value) != own ? 1 : 0;
    }
    // Behind as many pairs as are read there may be another receiver.
    const bool whole = pairs.size() < message::kAuthPropertiesMax;
    if (receivers == 0 || others < receivers || !whole) out.push_back(field);
  }
  return out;
}

}  // namespace ph::mailauth
