#include "message/auth_fields.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/decimal.h"
#include "base/ip_text.h"
#include "message/readable.h"

namespace ph::message {
namespace {

bool is_blank(char c) { return is_space(c) || c == '\r' || c == '\n'; }

std::string_view cut(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// One part of a field between semicolons: its words without blanks around "=", its comments.
struct Part {
  std::vector<std::string> words;
  std::string comment;
};

class PartReader {
 public:
  explicit PartReader(std::string_view value) : rest_(value) {}

  bool at_end() const { return rest_.empty(); }

  Part next() {
    Part part;
    bool assigned = false;  // the word before ends with "=": what follows belongs to it
    while (!rest_.empty() && rest_.front() != ';') {
      const char c = rest_.front();
      const std::size_t comment = c == '(' && comments_ ? comment_octets(rest_) : 0;
      if (c == '(' && comment == 0) comments_ = false;
      if (comment > 0) {
        if (!part.comment.empty()) part.comment.push_back(' ');
        part.comment += readable_text(unquoted(rest_.substr(1, comment - 2)));
        rest_.remove_prefix(comment);
      } else if (is_blank(c)) {
        rest_.remove_prefix(1);
      } else {
        const std::string piece = word();
        const bool joins = !part.words.empty() && (assigned || piece.starts_with('='));
        if (joins) {
          part.words.back() += piece;
        } else if (part.words.size() < kAuthPropertiesMax) {
          part.words.push_back(piece);
        }
        assigned = piece.ends_with('=') && (!joins || piece == "=");
      }
    }
    if (!rest_.empty()) rest_.remove_prefix(1);
    return part;
  }

 private:
  std::string word() {
    std::string out;
    while (!rest_.empty() && !is_blank(rest_.front()) && rest_.front() != ';' &&
           (rest_.front() != '(' || !comments_)) {
      const std::size_t quoted = rest_.front() == '"' && quotes_ ? quoted_octets(rest_) : 0;
      if (rest_.front() == '"' && quoted == 0) quotes_ = false;
      if (quoted > 0) {
        out += unquoted(rest_.substr(1, quoted - 2));
        rest_.remove_prefix(quoted);
      } else {
        out.push_back(rest_.front());
        rest_.remove_prefix(1);
      }
    }
    return valid_utf8(out);
  }

  std::string_view rest_;
  bool comments_ = true, quotes_ = true;
};

std::pair<std::string, std::string> split(const std::string& word) {
  const std::size_t at = word.find('=');
  if (at == word.npos) return {word, {}};
  return {word.substr(0, at), word.substr(at + 1)};
}

bool is_assignment(const std::string& word) {
  const std::size_t at = word.find('=');
  return at != word.npos && at > 0;
}

int instance_of(std::string_view text) {
  const auto number = parse_decimal(cut(text), kArcInstancesMax);
  return number ? static_cast<int>(*number) : 0;
}

std::optional<AuthMethod> method_of(const Part& part, std::size_t first) {
  if (first >= part.words.size() || !is_assignment(part.words[first])) return {};
  AuthMethod out{.comment = part.comment};
  auto [method, result] = split(part.words[first]);
  method = method.substr(0, method.find('/'));  // "dkim/1=pass": the version
  if (method.find('.') != method.npos || result.empty()) return {};
  out.method = ascii_lower(std::string_view(method));
  out.result = ascii_lower(std::string_view(result));
  while (out.result.ends_with(',')) out.result.pop_back();
  for (std::size_t i = first + 1; i < part.words.size(); ++i) {
    if (!is_assignment(part.words[i])) continue;
    auto pair = split(part.words[i]);
    if (same_ascii(pair.first, "reason")) {
      out.reason = std::move(pair.second);
    } else {
      out.properties.push_back(std::move(pair));
    }
  }
  return out;
}

std::string ip_of(std::string_view text) {
  const auto octets = parse_ip_text(text);
  return octets ? format_ip(*octets) : std::string();
}

}  // namespace

std::string_view tag(const Tags& tags, std::string_view name) {
  const auto found =
      std::ranges::find_if(tags, [name](const auto& one) { return same_ascii(one.first, name); });
  return found == tags.end() ? std::string_view{} : std::string_view(found->second);
}

Tags parse_tag_list(std::string_view value) {
  Tags out;
  while (!value.empty() && out.size() < kTagsMax) {
    const std::size_t end = std::min(value.find(';'), value.size());
    const std::string_view part = value.substr(0, end);
    value.remove_prefix(std::min(end + 1, value.size()));
    const std::size_t at = part.find('=');
    if (at == part.npos) continue;
    std::string text = valid_utf8(part.substr(at + 1));
    std::erase_if(text, is_blank);
    const std::string name = valid_utf8(cut(part.substr(0, at)));
    if (!name.empty()) out.emplace_back(name, std::move(text));
  }
  return out;
}

AuthResults parse_auth_results(std::string_view value) {
  AuthResults out;
  PartReader reader(value);
  bool named = false;
  while (!reader.at_end() && out.methods.size() < kAuthMethodsMax) {
    const Part part = reader.next();
    if (part.words.empty()) continue;
    std::size_t first = 0;
    if (!named) {
      const auto [name, number] = split(part.words[0]);
      if (same_ascii(name, "i") && out.instance == 0 && part.words[0].find('=') != name.npos) {
        out.instance = instance_of(number);
        continue;
      }
      named = true;
      if (!is_assignment(part.words[0])) {
        out.authserv_id = part.words[0];
        continue;  // a version, or properties of nothing, may stand behind it
      }
    }
    if (auto method = method_of(part, first)) out.methods.push_back(*std::move(method));
  }
  return out;
}

ReceivedSpf parse_received_spf(std::string_view value) {
  ReceivedSpf out;
  PartReader reader(value);
  bool first = true;
  while (!reader.at_end()) {
    const Part part = reader.next();
    if (out.comment.empty()) out.comment = part.comment;
    for (const std::string& word : part.words) {
      if (first && !is_assignment(word)) {
        out.result = ascii_lower(std::string_view(word));
        while (!out.result.empty() && !is_alpha(out.result.back())) out.result.pop_back();
      } else if (is_assignment(word) && out.pairs.size() < kAuthPropertiesMax) {
        out.pairs.push_back(split(word));
      }
      first = false;
    }
  }
  out.client_ip = ip_of(tag(out.pairs, "client-ip"));
  if (!out.client_ip.empty()) return out;
  // "(google.com: domain of a@b designates 192.0.2.1 as permitted sender)"
  std::string_view rest = out.comment;
  while (!rest.empty() && out.client_ip.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    out.client_ip = ip_of(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

std::vector<ArcSet> arc_chain(std::span<const Field> fields) {
  std::vector<ArcSet> out;
  const auto set_of = [&out](int instance) -> ArcSet* {
    if (instance < 1) return nullptr;
    const auto found = std::ranges::find(out, instance, &ArcSet::instance);
    if (found != out.end()) return &*found;
    out.push_back({.instance = instance});
    return &out.back();
  };
  for (const Field& field : fields) {
    if (field.name.size() < 8 || ascii_lower(field.name.front()) != 'a') continue;
    if (same_ascii(field.name, "ARC-Seal") || same_ascii(field.name, "ARC-Message-Signature")) {
      const Tags tags = parse_tag_list(field.value);
      ArcSet* set = set_of(instance_of(tag(tags, "i")));
      if (set == nullptr) continue;
      if (same_ascii(field.name, "ARC-Message-Signature")) {
        if (++set->signatures == 1) set->signature_domain = tag(tags, "d");
      } else if (++set->seals == 1) {
        set->seal_domain = tag(tags, "d");
        set->seal_selector = tag(tags, "s");
        set->cv = ascii_lower(tag(tags, "cv"));
      }
    } else if (same_ascii(field.name, "ARC-Authentication-Results")) {
      AuthResults claims = parse_auth_results(field.value);
      ArcSet* set = set_of(claims.instance);
      if (set != nullptr && ++set->results == 1) set->claims = std::move(claims);
    }
  }
  std::ranges::sort(out, {}, &ArcSet::instance);
  return out;
}

}  // namespace ph::message
