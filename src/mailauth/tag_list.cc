#include "mailauth/tag_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/ascii.h"

namespace ph::mailauth {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view stripped(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// RFC 6376 §3.2 tag-name: ALPHA *ALNUMPUNC.
bool is_tag_name(std::string_view name) {
  return !name.empty() && is_alpha(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_alpha(c) || is_digit(c) || c == '_'; });
}

/// VALCHAR and white space; octets above 127 as well (RFC 8616 §3).
bool is_tag_value(std::string_view value) {
  return std::ranges::all_of(value, [](char c) {
    return is_blank(c) || (static_cast<unsigned char>(c) > 0x20 && c != ';' && c != 0x7f);
  });
}

constexpr Literal kTwice = "a tag stands twice";

std::string_view name_of(std::string_view one) { return stripped(one.substr(0, one.find('='))); }

/// Of what stands between two ";".
Result<Tag> read_tag(std::string_view one) {
  const auto equals = one.find('=');
  if (equals == std::string_view::npos)
    return fail(Kind::malformed, "a tag has no \"=\"", std::string(stripped(one).substr(0, 64)));
  const Tag tag{name_of(one), stripped(one.substr(equals + 1))};
  if (!is_tag_name(tag.name))
    return fail(Kind::malformed, "not the name of a tag", std::string(tag.name.substr(0, 64)));
  if (!is_tag_value(tag.value))
    return fail(Kind::malformed, "a tag's value has a control character", std::string(tag.name));
  return tag;
}

/// The next between two ";", taken from `text`. A ";" at the end is allowed; nothing between two is
/// not, and real signers write it: it is passed over. nullopt: there is none.
std::optional<std::string_view> next_of(std::string_view& text) {
  while (!text.empty()) {
    const auto one = text.substr(0, text.find(';'));
    text.remove_prefix(std::min(one.size() + 1, text.size()));
    if (!stripped(one).empty()) return one;
  }
  return std::nullopt;
}

}  // namespace

Result<TagList> TagList::parse(std::string_view text) {
  if (text.size() > kTagListOctetsMax)
    return fail(Kind::over_limit, "the list of tags is too long");
  TagList out;
  std::set<std::string_view> names;
  while (const auto one = next_of(text)) {
    PH_TRY(const Tag tag, read_tag(*one));
    if (!names.insert(tag.name).second) return fail(Kind::malformed, kTwice, std::string(tag.name));
    if (out.tags_.size() == kTagsMax) return fail(Kind::over_limit, "too many tags");
    out.tags_.push_back(tag);
  }
  return out;
}

TagList TagList::parse_leniently(std::string_view text, std::vector<BrokenTag>& broken) {
  TagList out;
  std::set<std::string_view> names;
  text = text.substr(0, kTagListOctetsMax);
  while (const auto one = next_of(text)) {
    const auto tag = read_tag(*one);
    if (tag && out.tags_.size() < kTagsMax && names.insert(tag->name).second) {
      out.tags_.push_back(*tag);
    } else if (broken.size() < kTagsMax) {
      const std::string_view why = !tag                        ? std::string_view(tag.error().what)
                                   : names.contains(tag->name) ? kTwice.text
                                                               : "too many tags";
      broken.push_back({name_of(*one), why});
    }
  }
  return out;
}

std::optional<std::string_view> TagList::find(std::string_view name) const {
  const auto found = std::ranges::find(tags_, name, &Tag::name);
  return found == tags_.end() ? std::nullopt : std::optional(found->value);
}

std::string without_space(std::string_view value) {
  std::string out(value.size(), '\0');
  out.resize(static_cast<std::size_t>(
      std::ranges::remove_copy_if(value, out.begin(), is_blank).out - out.begin()));
  return out;
}

std::vector<std::string> split_colons(std::string_view value) {
  std::vector<std::string> out;
  for (;;) {
    const auto end = std::min(value.find(':'), value.size());
    out.push_back(without_space(value.substr(0, end)));
    if (end == value.size()) return out;
    value.remove_prefix(end + 1);
  }
}

std::optional<std::uint64_t> parse_number(std::string_view value) {
  if (value.empty() || value.size() > kTagDigitsMax || !std::ranges::all_of(value, is_digit))
    return std::nullopt;
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t out = 0;
  for (const char c : value) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    out = out > (kMost - digit) / 10 ? kMost : out * 10 + digit;
  }
  return out;
}

}  // namespace ph::mailauth
