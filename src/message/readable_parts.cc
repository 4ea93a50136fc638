#include <cstddef>
#include <cstdint>
#include <utility>

#include "message/content.h"

namespace ph::message {
namespace {

enum class Around : std::uint8_t { mixed, alternative, related };

/// RFC 8621 §4.1.4 in its own order, because what is in which list hangs on it.
class Sorter {
 public:
  explicit Sorter(const MimeTree& tree) : tree_(tree) {}

  ReadableParts sort() {
    bool has_text = true, has_html = true;
    place(0, 0, Around::mixed, false, has_text, has_html);
    return std::move(out_);
  }

 private:
  bool is_media(const MimePart& part) const {
    return part.type == "image" || part.type == "audio" || part.type == "video";
  }

  bool is_body(const MimePart& part, std::uint32_t place, Around around) const {
    const bool is_text = part.is("text", "plain") || part.is("text", "html");
    if (!is_text && !is_media(part)) return false;
    if (disposition_of(part) == Disposition::attached) return false;
    if (place == 0) return true;
    return around != Around::related && (is_media(part) || part_name(part).empty());
  }

  /// The parts of a multipart. `has_text`, `has_html`: what is found still goes into that list;
  /// another branch of an alternative may be the one for it.
  void place_all(std::uint32_t parent, Around around, bool in_alternative, bool has_text,
                 bool has_html) {
    const std::size_t text = out_.text.size(), html = out_.html.size();
    std::uint32_t place = 0;
    const std::uint32_t last = tree_.parts()[parent].last;
    for (std::uint32_t i = parent + 1; i < last; i = tree_.parts()[i].last)
      this->place(i, place++, around, in_alternative, has_text, has_html);
    if (around != Around::alternative || !has_text || !has_html) return;
    const bool found_text = out_.text.size() > text, found_html = out_.html.size() > html;
    const auto copy = [](const auto& from, std::size_t begin, auto& to) {
      for (std::size_t i = begin, end = from.size(); i < end; ++i) to.push_back(from[i]);
    };
    if (found_html && !found_text) copy(out_.html, html, out_.text);
    if (found_text && !found_html) copy(out_.text, text, out_.html);
  }

  void place(std::uint32_t index, std::uint32_t place, Around around, bool in_alternative,
             bool& has_text, bool& has_html) {
    const MimePart& part = tree_.parts()[index];
    if (part.is_multipart() && part.children > 0) {
      const Around inner = part.subtype == "alternative" ? Around::alternative
                           : part.subtype == "related"   ? Around::related
                                                         : Around::mixed;
      return place_all(index, inner, in_alternative || inner == Around::alternative, has_text,
                       has_html);
    }
    if (!is_body(part, place, around)) return out_.attachments.push_back(index);
    if (around == Around::alternative) {
      auto& list = part.is("text", "plain")  ? out_.text
                   : part.is("text", "html") ? out_.html
                                             : out_.attachments;
      return list.push_back(index);
    }
    if (in_alternative && part.is("text", "plain")) has_html = false;
    if (in_alternative && part.is("text", "html")) has_text = false;
    if (has_text) out_.text.push_back(index);
    if (has_html) out_.html.push_back(index);
    if ((!has_text || !has_html) && is_media(part)) out_.attachments.push_back(index);
  }

  const MimeTree& tree_;
  ReadableParts out_;
};

}  // namespace

ReadableParts readable_parts(const MimeTree& tree) { return Sorter(tree).sort(); }

}  // namespace ph::message
