#include "wire/smtp/reply_parser.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"

namespace ph::smtp {
namespace {

/// The enhanced code that `text` begins with, if its class is that of `code`. RFC 3463 §2: class
/// "." 1*3DIGIT "." 1*3DIGIT.
std::string_view enhanced_code(std::string_view text, int code) {
  std::size_t at = 0;
  const auto number = [&](std::size_t digits_max) {
    std::size_t digits = 0;
    while (digits < digits_max && at < text.size() && is_digit(text[at])) ++at, ++digits;
    return digits > 0;
  };
  const auto dot = [&] { return at < text.size() && text[at++] == '.'; };
  if (!number(1) || text[0] - '0' != code / 100) return {};
  if (!dot() || !number(3) || !dot() || !number(3)) return {};
  if (at < text.size() && text[at] != ' ') return {};
  return text.substr(0, at);
}

}  // namespace

Result<ReplyParser::Step> ReplyParser::next(std::string_view input) {
  std::size_t at = 0;
  while (at < input.size()) {
    const std::size_t end = input.find('\n', at);
    const std::size_t octets = (end == input.npos ? input.size() : end + 1) - at;
    if (line_.size() + octets > kRemoteLineOctetsMax) {
      return fail(Kind::over_limit, "a line of the server's reply is too long");
    }
    line_.append(input.substr(at, octets));
    at += octets;
    if (end == input.npos) break;
    PH_TRY(const bool last, take_line());
    line_.clear();
    if (last) return Step{std::exchange(reply_, {}), at};
  }
  return Step{std::nullopt, at};
}

/// Adds `line_` to the reply; true if it is the last of it.
Result<bool> ReplyParser::take_line() {
  std::string_view line = line_;
  line.remove_suffix(line.ends_with("\r\n") ? 2 : 1);
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) ||
      !is_digit(line[2]) || (line.size() > 3 && line[3] != ' ' && line[3] != '-')) {
    return fail(Kind::malformed, "the server's reply does not begin with a code");
  }
  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (!reply_.lines.empty() && reply_.code != code) {
    return fail(Kind::malformed, "the lines of the server's reply have different codes");
  }
  if (reply_.lines.size() >= kRemoteLinesMax ||
      reply_.verbatim.size() + line_.size() > kRemoteReplyOctetsMax) {
    return fail(Kind::over_limit, "the server's reply is too long");
  }
  const bool last = line.size() == 3 || line[3] == ' ';
  line.remove_prefix(std::min<std::size_t>(line.size(), 4));
  const std::string_view enhanced = enhanced_code(line, code);
  if (reply_.lines.empty()) reply_.enhanced = enhanced;
  if (!enhanced.empty() && enhanced == reply_.enhanced) {
    line.remove_prefix(std::min(line.size(), enhanced.size() + 1));
  }
  reply_.code = code;
  reply_.lines.emplace_back(line);
  reply_.verbatim += line_;
  return last;
}

}  // namespace ph::smtp
