#include "message/field_values.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "message/readable.h"

namespace ph::message {
namespace {

bool is_blank(char c) { return is_space(c) || c == '\r' || c == '\n'; }

/// An identifier without white space and comments; quotes stay, they are part of it.
std::string compact(std::string_view text) {
  std::string out;
  bool comments = true;
  while (!text.empty()) {
    const std::size_t octets = comments && text.front() == '(' ? comment_octets(text) : 0;
    if (text.front() == '(' && octets == 0) comments = false;
    if (octets == 0 && !is_blank(text.front())) out.push_back(text.front());
    text.remove_prefix(std::max<std::size_t>(octets, 1));
  }
  return valid_utf8(out);
}

/// Comments out, each as one blank.
std::string without_comments(std::string_view text) {
  std::string out;
  bool comments = true;
  while (!text.empty()) {
    const std::size_t octets = comments && text.front() == '(' ? comment_octets(text) : 0;
    if (text.front() == '(' && octets == 0) comments = false;
    out.push_back(octets > 0 ? ' ' : text.front());
    text.remove_prefix(std::max<std::size_t>(octets, 1));
  }
  return out;
}

}  // namespace

std::vector<std::string> parse_message_ids(std::string_view value) {
  std::vector<std::string> out;
  const auto add = [&out](std::string id) {
    if (!id.empty() && out.size() < kListItemsMax) out.push_back(std::move(id));
  };
  if (value.find('<') != value.npos) {
    for (std::size_t at = value.find('<'); at != value.npos; at = value.find('<', at)) {
      const std::size_t end = std::min(value.find_first_of("<>", at + 1), value.size());
      add(compact(value.substr(at + 1, end - at - 1)));
      at = end;
    }
    return out;
  }
  const std::string plain = without_comments(value);
  std::string_view rest = plain;
  while (!rest.empty()) {
    const auto begin = std::ranges::find_if_not(rest, is_blank);
    rest.remove_prefix(static_cast<std::size_t>(begin - rest.begin()));
    const auto end = std::ranges::find_if(rest, is_blank);
    add(valid_utf8(rest.substr(0, static_cast<std::size_t>(end - rest.begin()))));
    rest.remove_prefix(static_cast<std::size_t>(end - rest.begin()));
  }
  if (out.size() > 1)
    std::erase_if(out, [](const std::string& id) { return id.find('@') == id.npos; });
  return out;
}

std::vector<std::string> parse_text_list(std::string_view value) {
  std::vector<std::string> out;
  std::size_t begin = 0;
  bool quotes = true;
  const auto add = [&](std::size_t end) {
    std::string item = readable_text(value.substr(begin, end - begin));
    if (item.size() >= 2 && quoted_octets(item) == item.size())
      item = unquoted(std::string_view(item).substr(1, item.size() - 2));
    if (!item.empty() && out.size() < kListItemsMax) out.push_back(std::move(item));
  };
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '"' && quotes) {
      const std::size_t octets = quoted_octets(value.substr(i));
      quotes = octets > 0;
      if (quotes) i += octets - 1;
    } else if (value[i] == ',') {
      add(i);
      begin = i + 1;
    }
  }
  add(value.size());
  return out;
}

std::optional<Mailbox> parse_path(std::string_view value) {
  const auto open = value.find('<');
  if (open != value.npos) {
    const std::size_t end = value.find('>', open);
    if (end != value.npos && std::ranges::all_of(value.substr(open + 1, end - open - 1), is_blank))
      return Mailbox{.offset = open};
  }
  const AddressList list = parse_address_list(value);
  if (list.mailboxes.empty() || list.mailboxes.front().address().empty()) return {};
  return list.mailboxes.front();
}

std::vector<ListTarget> parse_list_field(std::string_view value) {
  std::vector<ListTarget> out;
  std::string before;  // words and comments that stand before the next <>
  bool comments = true, fresh = true;
  const auto note = [&](std::string_view text) {
    const std::string words = readable_text(text);
    if (words.empty()) return;
    std::string& to = fresh || out.empty() ? before : out.back().comment;
    if (!to.empty()) to.push_back(' ');
    to += words;
  };
  std::size_t i = 0;
  while (i < value.size() && out.size() < kListItemsMax) {
    const std::string_view rest = value.substr(i);
    std::size_t octets = 1;
    if (value[i] == '(' && comments && (octets = comment_octets(rest)) > 0) {
      note(unquoted(rest.substr(1, octets - 2)));
    } else if (value[i] == '<') {
      octets = std::min(rest.find('>'), rest.size() - 1) + 1;
      std::string_view inside = rest.substr(1, octets - 1);
      if (inside.ends_with('>')) inside.remove_suffix(1);
      std::string target = valid_utf8(inside);
      std::erase_if(target, is_blank);
      out.push_back({std::move(target), std::exchange(before, {})});
      fresh = false;
    } else if (value[i] == ',') {
      fresh = true;
    } else if (!is_blank(value[i])) {
      if (value[i] == '(') comments = false;
      // A quote first: what it closes is passed over, so that no octet is looked at again and
      // again.
      octets = quoted_octets(rest);
      if (octets > 0) {
        note(unquoted(rest.substr(1, octets - 2)));
      } else {
        octets = std::clamp<std::size_t>(rest.find_first_of("<,("), 1, rest.size());
        if (same_ascii(trimmed(rest.substr(0, octets)), "NO") && out.empty()) {
          out.push_back({"NO", std::exchange(before, {})});
          fresh = false;
        } else {
          note(rest.substr(0, octets));
        }
      }
    }
    i += std::max<std::size_t>(octets, 1);
  }
  return out;
}

}  // namespace ph::message
