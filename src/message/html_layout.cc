#include "message/html_layout.h"

#include <algorithm>
#include <utility>

#include "message/utf8.h"

namespace ph::message {
namespace {

/// Characters without width that mail is padded with, and soft hyphens: they would divide words
/// for a search.
bool is_invisible(std::string_view c) {
  if (c.size() == 2) return c == "\xc2\xad" || c == "\xcd\x8f";
  if (c.size() != 3) return false;
  return (c[0] == '\xe2' && c[1] == '\x80' && c[2] >= '\x8b' && c[2] <= '\x8f') ||
         c == "\xe2\x81\xa0" || c == "\xef\xbb\xbf";
}

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; }

/// Plain ASCII without blanks and control characters.
std::size_t plain_octets(std::string_view text) {
  const auto end = std::ranges::find_if_not(text, [](char c) { return c > ' ' && c <= '~'; });
  return static_cast<std::size_t>(end - text.begin());
}

}  // namespace

void HtmlLayout::text(std::string_view text) {
  while (!text.empty()) {
    if (const std::size_t plain = plain_octets(text); plain > 0) {
      begin();
      out_ += text.substr(0, plain);
      text.remove_prefix(plain);
      continue;
    }
    const std::size_t wide = std::max<std::size_t>(utf8_character_octets(text), 1);
    const std::string_view character = text.substr(0, wide);
    text.remove_prefix(wide);
    if (is_blank(character[0]) || character == "\xc2\xa0") {
      blank_ = true;
    } else if (!is_invisible(character)) {
      begin();
      out_ += character;
    }
  }
}

void HtmlLayout::verbatim(std::string_view text) {
  while (!text.empty()) {
    const std::size_t lf = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, lf);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) {
      begin();
      out_ += line;
    }
    if (lf < text.size()) line_break();
    text.remove_prefix(std::min(lf + 1, text.size()));
  }
}

void HtmlLayout::open_list(bool is_numbered) {
  block();
  if (lists_.size() >= kHtmlDepthShownMax) {
    ++deeper_lists_;
  } else {
    lists_.push_back({is_numbered, 0});
  }
}

void HtmlLayout::close_list() {
  block();
  mark_.clear();
  if (deeper_lists_ > 0) {
    --deeper_lists_;
  } else if (!lists_.empty()) {
    lists_.pop_back();
  }
}

void HtmlLayout::entry() {
  block();
  mark_ = std::string(lists_.empty() ? 0 : 2 * (lists_.size() - 1), ' ');
  mark_ += lists_.empty() || !lists_.back().is_numbered
               ? "- "
               : std::to_string(++lists_.back().entries) + ". ";
}

void HtmlLayout::begin() {
  if (at_line_start()) {
    // Two in all, unless the author asked for more himself; none before the first word.
    const std::size_t breaks = std::max(breaks_, std::min<std::size_t>(forced_, 3));
    if (!out_.empty()) {
      for (std::size_t i = 0; i < breaks; ++i) {
        if (i > 0) out_.append(std::min({quotes_, line_quotes_, kHtmlDepthShownMax}), '>');
        out_ += '\n';
      }
    }
    begin_line();
  } else if (cell_) {
    out_ += '\t';
  } else if (blank_) {
    out_ += ' ';
  }
  breaks_ = forced_ = 0;
  blank_ = cell_ = false;
}

void HtmlLayout::begin_line() {
  line_quotes_ = quotes_;
  const std::size_t quotes = std::min(quotes_, kHtmlDepthShownMax);
  out_.append(quotes, '>');
  if (quotes > 0) out_ += ' ';
  if (!mark_.empty()) {
    out_ += std::exchange(mark_, {});
  } else {
    out_.append(2 * lists_.size(), ' ');
  }
}

std::string HtmlLayout::take() { return std::move(out_); }

}  // namespace ph::message
