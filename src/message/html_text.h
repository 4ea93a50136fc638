// HTML as text that a person can read: for search, previews, and terminals.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ph::message {

/// Lists inside lists, and quotations inside quotations, that are shown as such; deeper ones look
/// like the last.
inline constexpr std::size_t kHtmlDepthShownMax = 8;
/// Octets of a link's address that are shown; a longer one is left out.
inline constexpr std::size_t kHtmlLinkOctetsMax = 2048;

struct HtmlText {
  bool links = true;   // "text <url>" where the text is not the address itself
  bool images = true;  // "[alt]" for an image that has one
};

/// What HTML says, without what it looks like.
///
///   html     UTF-8, as it is in the mail: broken, cut off, or no HTML at all
///   returns  UTF-8. Paragraphs are divided by an empty line, blocks and table rows by a line end
///            (LF), cells by a tab; list entries begin with "- " or their number, quotations with
///            "> ". White space is one blank, but for <pre>. Scripts, styles, the title, and
///            comments are left out; so are soft hyphens and characters without width. No line end
///            at the end
///   cost     O(octets), one pass; memory: the answer, which is never more than some 20 times as
///            long as `html`
///
/// Nothing is fetched or run, no style is looked at: text that a style hides is in the answer.
std::string html_to_text(std::string_view html, HtmlText wanted = {});

/// The beginning of a text as one line, for lists of messages: white space is one blank; cut
/// between characters. RFC 8621 §4.1.4 (preview: at most 256 characters).
std::string preview_of(std::string_view text, std::size_t characters_max);

}  // namespace ph::message
