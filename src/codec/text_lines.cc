#include "codec/text_lines.h"

#include <algorithm>
#include <utility>

namespace ph::codec {
namespace {

/// In windows: a text with one kind of line end only is not searched to its end for the other.
std::size_t line_octets(std::string_view text) {
  constexpr std::size_t kWindow = 256;
  for (std::size_t at = 0; at < text.size(); at += kWindow) {
    const std::string_view window = text.substr(at, kWindow);
    const std::string_view line = window.substr(0, window.find('\n'));
    const std::size_t found = std::min(line.find('\r'), line.size());
    if (found < window.size()) return at + found;
  }
  return text.size();
}

}  // namespace

std::optional<TextLine> TextLines::next(std::string_view& octets, std::uint64_t& offset) {
  if (cr_ && octets.starts_with('\n')) {  // the rest of a CRLF
    octets.remove_prefix(1);
    ++offset;
  }
  if (octets.empty()) return std::nullopt;
  cr_ = false;
  const std::string_view part = octets.substr(0, line_octets(octets));
  const std::uint64_t at = offset;
  const bool ends = part.size() < octets.size();
  if (ends) cr_ = octets[part.size()] == '\r';
  octets.remove_prefix(part.size() + (ends ? 1 : 0));
  offset += part.size() + (ends ? 1 : 0);

  if (ends && !holding_)
    return TextLine{part.substr(0, kTextLineKeptOctetsMax), at,
                    part.size() > kTextLineKeptOctetsMax};
  if (!holding_) begun_at_ = at;
  holding_ = true;
  const std::size_t room = kTextLineKeptOctetsMax - held_.size();
  held_ += part.substr(0, room);
  cut_ = cut_ || part.size() > room;
  return ends ? last() : std::nullopt;
}

std::optional<TextLine> TextLines::last() {
  if (!holding_) return std::nullopt;
  holding_ = false;
  returned_.swap(held_);
  held_.clear();
  return TextLine{returned_, begun_at_, std::exchange(cut_, false)};
}

LineAt line_at(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  const std::string_view line = rest.substr(0, line_octets(rest));
  std::size_t next = at + line.size();
  if (next < text.size()) next += text.substr(next).starts_with("\r\n") ? 2 : 1;
  return {line, next};
}

}  // namespace ph::codec
