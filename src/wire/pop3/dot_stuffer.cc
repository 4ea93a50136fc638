#include "wire/pop3/dot_stuffer.h"

#include <algorithm>

namespace ph::pop3 {

void DotStuffer::next(std::string_view chunk, std::string& out) {
  while (!chunk.empty()) {
    if ((at_ == At::line_start || at_ == At::after_bare_lf) && chunk.front() == '.')
      out.push_back('.');
    const std::size_t lf = chunk.find('\n');
    if (lf == chunk.npos) {
      at_ = chunk.back() == '\r' ? At::text_cr : At::text;
      out += chunk;
      return;
    }
    const bool after_cr = lf == 0 ? at_ == At::text_cr : chunk[lf - 1] == '\r';
    at_ = after_cr ? At::line_start : At::after_bare_lf;
    out += chunk.substr(0, lf + 1);
    chunk.remove_prefix(lf + 1);
  }
}

void DotStuffer::finish(std::string& out) {
  out += at_ == At::line_start ? ".\r\n" : "\r\n.\r\n";
  at_ = At::line_start;
}

Result<DotUnstuffer::Slice> DotUnstuffer::next(std::string_view chunk) {
  PH_CHECK(at_ != At::end);  // a bug in the caller, not in the mail
  std::size_t i = 0;

  // First the octets that are not content: a doubled dot's first, or the final dot and CRLF.
  if (at_ == At::line_start && i < chunk.size() && chunk[i] == '.') {
    at_ = At::dot;
    ++i;
  }
  if (at_ == At::dot && i < chunk.size()) {
    at_ = chunk[i] == '\r' ? At::dot_cr : At::text;
    if (at_ == At::dot_cr) ++i;
  }
  if (at_ == At::dot_cr && i < chunk.size()) {
    if (chunk[i] != '\n') return fail(Kind::malformed, "CR without LF after a lone dot");
    at_ = At::end;
    return Slice{{}, i + 1, true};
  }

  // Then content, up to the next line that starts with a dot.
  const std::size_t from = i;
  while (i < chunk.size()) {
    if (at_ == At::line_start && chunk[i] == '.') break;
    const std::size_t lf = chunk.find('\n', i);
    at_ = lf == chunk.npos ? At::text : At::line_start;
    i = lf == chunk.npos ? chunk.size() : lf + 1;
  }
  return Slice{chunk.substr(from, i - from), i, false};
}

std::string_view TopCutter::next(std::string_view chunk) {
  std::size_t i = 0;
  while (i < chunk.size() && !done()) {
    const std::size_t lf = std::min(chunk.find('\n', i), chunk.size());
    const std::string_view piece = chunk.substr(i, lf - i);
    if (!piece.empty()) line_ = line_ == Line::empty && piece == "\r" ? Line::cr : Line::text;
    if (lf == chunk.size()) return chunk;
    if (in_body_) --lines_left_;
    in_body_ = in_body_ || line_ != Line::text;
    line_ = Line::empty;
    i = lf + 1;
  }
  return chunk.substr(0, i);
}

}  // namespace ph::pop3
