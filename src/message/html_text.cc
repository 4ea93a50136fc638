#include "message/html_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "message/html_attribute.h"
#include "message/html_entities.h"
#include "message/html_layout.h"
#include "message/utf8.h"

namespace ph::message {
namespace {

enum class Element : std::uint8_t {
  block,      // begins and ends a line
  paragraph,  // an empty line before and behind
  line_break,
  rule,
  cell,
  bullets,
  numbers,
  entry,
  quote,
  link,
  image,
  verbatim,
  dropped,  // with all that is in it, which is no HTML (script) or nothing to read (title)
};

struct ElementName {
  std::string_view name;
  Element element;
};

using enum Element;
constexpr auto kElements = std::to_array<ElementName>({
    {"a", link},           {"address", block},
    {"article", block},    {"aside", block},
    {"blockquote", quote}, {"br", line_break},
    {"caption", block},    {"center", block},
    {"dd", block},         {"details", block},
    {"dir", bullets},      {"div", block},
    {"dl", paragraph},     {"dt", block},
    {"fieldset", block},   {"figcaption", block},
    {"figure", paragraph}, {"footer", block},
    {"form", block},       {"h1", paragraph},
    {"h2", paragraph},     {"h3", paragraph},
    {"h4", paragraph},     {"h5", paragraph},
    {"h6", paragraph},     {"header", block},
    {"hr", rule},          {"img", image},
    {"legend", block},     {"li", entry},
    {"listing", verbatim}, {"main", block},
    {"menu", bullets},     {"nav", block},
    {"ol", numbers},       {"option", block},
    {"p", paragraph},      {"plaintext", verbatim},
    {"pre", verbatim},     {"script", dropped},
    {"section", block},    {"style", dropped},
    {"table", block},      {"td", cell},
    {"template", dropped}, {"th", cell},
    {"title", dropped},    {"tr", block},
    {"ul", bullets},       {"xmp", verbatim},
});
static_assert(std::ranges::is_sorted(kElements, {}, &ElementName::name));

/// Goes through HTML once, from tag to tag. What is not closed is looked for once, not again at
/// every place where it might begin.
class HtmlReader {
 public:
  HtmlReader(std::string_view html, HtmlText wanted) : html_(html), wanted_(wanted) {}

  std::string read() {
    while (at_ < html_.size()) {
      const std::size_t tag = std::min(html_.find('<', at_), html_.size());
      put_text(html_.substr(at_, tag - at_));
      at_ = tag;
      if (at_ < html_.size() && !read_markup()) {
        put_text("<");
        ++at_;
      }
    }
    end_link();
    return layout_.take();
  }

 private:
  struct Tag {
    std::string_view name;
    bool is_end = false;
    std::string_view attributes;
  };

  void put_text(std::string_view text) {
    if (text.empty()) return;
    const bool is_plain = text.find('&') == text.npos;
    const std::string decoded =
        is_plain ? std::string() : decode_html_entities(text, HtmlPlace::text);
    const std::string_view said = is_plain ? text : std::string_view(decoded);
    if (verbatim_ > 0) {
      layout_.verbatim(said);
    } else {
      layout_.text(said);
    }
  }

  /// At "<". False when it is only a character.
  bool read_markup() {
    const std::string_view rest = html_.substr(at_);
    if (rest.starts_with("<!--")) return read_comment();
    if (rest.size() < 2 || no_bracket_) return false;
    if (rest[1] == '!' || rest[1] == '?') return skip_to_bracket(at_);
    const std::size_t name = rest[1] == '/' ? 2 : 1;
    if (rest.size() <= name || !is_alpha(rest[name])) return false;
    Tag tag;
    tag.is_end = name == 2;
    std::size_t end = name;
    while (end < rest.size() && !is_html_blank(rest[end]) && rest[end] != '>' && rest[end] != '/')
      ++end;
    tag.name = rest.substr(name, end - name);
    const std::size_t begin = at_ + end;
    const std::optional<std::size_t> bracket = find_bracket(begin);
    if (!bracket) return false;
    tag.attributes = html_.substr(begin, *bracket - begin);
    at_ = *bracket + 1;
    on_tag(tag);
    return true;
  }

  /// Comments end at "-->", and with the document where there is none. Those of one vendor that
  /// hold what others shall see ("<!--[if !mso]><!-->") end at once, as they should.
  bool read_comment() {
    if (html_.substr(at_ + 4).starts_with('>')) {
      at_ += 5;
      return true;
    }
    const std::size_t end = html_.find("-->", at_ + 2);
    at_ = end == html_.npos ? html_.size() : end + 3;
    return true;
  }

  bool skip_to_bracket(std::size_t from) {
    if (no_bracket_) return false;
    const std::size_t end = html_.find('>', from);
    no_bracket_ = end == html_.npos;
    if (!no_bracket_) at_ = end + 1;
    return !no_bracket_;
  }

  /// The ">" that ends a tag: not one inside quotes, unless these are never closed.
  std::optional<std::size_t> find_bracket(std::size_t at) {
    if (no_bracket_) return std::nullopt;
    const std::size_t begin = at;
    while (at < html_.size() && html_[at] != '>') {
      const char c = html_[at++];
      if ((c != '"' && c != '\'') || !opens_value(begin, at - 1)) continue;
      bool& is_missing = c == '"' ? no_double_quote_ : no_single_quote_;
      const std::size_t close = is_missing ? html_.npos : html_.find(c, at);
      is_missing = close == html_.npos;
      if (!is_missing) at = close + 1;
    }
    if (at < html_.size()) return at;
    no_bracket_ = true;
    return std::nullopt;
  }

  /// A quote begins a value only behind "="; others are stray.
  bool opens_value(std::size_t begin, std::size_t at) const {
    for (std::size_t looked = 0; at > begin && looked < 16; ++looked) {
      const char c = html_[--at];
      if (!is_html_blank(c)) return c == '=';
    }
    return false;
  }

  void on_tag(const Tag& tag) {
    const std::string name = ascii_lower(tag.name.substr(0, 16));
    const auto found = std::ranges::lower_bound(kElements, name, {}, &ElementName::name);
    if (found == kElements.end() || found->name != name) return;
    switch (found->element) {
      case block: return layout_.block();
      case paragraph: return layout_.paragraph();
      case line_break: return layout_.line_break();
      case rule: return put_rule();
      case cell: return tag.is_end ? void() : layout_.cell();
      case bullets:
      case numbers:
        return tag.is_end ? layout_.close_list() : layout_.open_list(found->element == numbers);
      case entry: return tag.is_end ? layout_.block() : layout_.entry();
      case quote:
        layout_.paragraph();
        return tag.is_end ? layout_.close_quote() : layout_.open_quote();
      case link: end_link(); return tag.is_end ? void() : begin_link(tag);
      case image: return put_image(tag);
      case verbatim:
        layout_.block();
        verbatim_ = tag.is_end ? verbatim_ - (verbatim_ > 0 ? 1 : 0) : verbatim_ + 1;
        return;
      case dropped: return tag.is_end ? void() : drop(name, tag.attributes);
    }
  }

  void put_rule() {
    layout_.block();
    layout_.text("---");
    layout_.block();
  }

  /// Everything up to the element's end, and all of the rest where it has none.
  void drop(std::string_view name, std::string_view attributes) {
    if (attributes.ends_with('/')) return;
    while ((at_ = html_.find('<', at_)) != html_.npos) {
      const std::string_view rest = html_.substr(at_);
      const bool ends = rest.substr(1).starts_with('/') &&
                        same_ascii(rest.substr(2, name.size()), name) &&
                        (rest.size() <= name.size() + 2 || !is_alpha(rest[name.size() + 2]));
      if (ends) {
        const std::size_t bracket = html_.find('>', at_);
        at_ = bracket == html_.npos ? html_.size() : bracket + 1;
        return;
      }
      ++at_;
    }
    at_ = html_.size();
  }

  void begin_link(const Tag& tag) {
    if (!wanted_.links) return;
    const std::string address(html_attribute(tag.attributes, "href"));
    std::string url;
    for (const char c : address)
      if (static_cast<unsigned char>(c) > ' ' && c != 0x7f) url.push_back(c);
    constexpr auto schemes =
        std::to_array<std::string_view>({"http:", "https:", "mailto:", "ftp:", "tel:"});
    const bool is_shown = std::ranges::any_of(schemes, [&url](std::string_view scheme) {
      return same_ascii(std::string_view(url).substr(0, scheme.size()), scheme);
    });
    if (!is_shown || url.size() > kHtmlLinkOctetsMax) return;
    link_ = url;
    link_from_ = layout_.octets();
  }

  void end_link() {
    if (link_.empty()) return;
    const std::string link = std::exchange(link_, {});
    const std::string_view text = trimmed(layout_.from(link_from_));
    // A link around nothing, or around what says the same.
    const std::string_view bare =
        link.starts_with("mailto:") ? std::string_view(link).substr(7) : std::string_view(link);
    if (text.empty()) return;
    if (text.size() <= 2 * kHtmlLinkOctetsMax && text.find(bare) != text.npos) return;
    layout_.text(" <");
    layout_.text(link);
    layout_.text(">");
  }

  void put_image(const Tag& tag) {
    if (!wanted_.images) return;
    const std::string alt = html_attribute(tag.attributes, "alt");
    if (std::ranges::all_of(alt, is_html_blank)) return;
    layout_.text("[");
    layout_.text(alt);
    layout_.text("]");
  }

  std::string_view html_;
  HtmlText wanted_;
  std::size_t at_ = 0;
  HtmlLayout layout_;
  std::size_t verbatim_ = 0;
  bool no_bracket_ = false, no_double_quote_ = false, no_single_quote_ = false;
  std::string link_;
  std::size_t link_from_ = 0;
};

}  // namespace

std::string html_to_text(std::string_view html, HtmlText wanted) {
  return HtmlReader(html, wanted).read();
}

std::string preview_of(std::string_view text, std::size_t characters_max) {
  std::string out;
  bool blank = false;
  for (std::size_t characters = 0; !text.empty() && characters < characters_max;) {
    const std::size_t wide = std::max<std::size_t>(utf8_character_octets(text), 1);
    const std::string_view character = text.substr(0, wide);
    text.remove_prefix(wide);
    if (static_cast<unsigned char>(character[0]) <= ' ') {
      blank = !out.empty();
      continue;
    }
    if (std::exchange(blank, false)) {
      out += ' ';
      if (++characters >= characters_max) break;
    }
    out += character;
    ++characters;
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace ph::message
