#include "message/reply_text.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace ph::message {
namespace {

constexpr std::size_t kStatusDigitsMax = 3;  // of each of its last two numbers. RFC 3463 §2

bool is_word(char c) { return is_digit(c) || is_alpha(c); }

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - at;
}

/// Whether a number that ends here is one of a longer number: of an IP address, of a version.
bool goes_on(std::string_view rest) {
  if (rest.empty()) return false;
  if (is_word(rest[0])) return true;
  return rest.size() > 1 && (rest[0] == '.' || rest[0] == '-') && is_digit(rest[1]);
}

/// What stands before a reply's code where it is one. Blanks do not count.
bool introduces_code(std::string_view before) {
  if (before.empty() || before.back() == '\n') return true;
  const bool has_blank = is_space(before.back());
  while (!before.empty() && is_space(before.back())) before.remove_suffix(1);
  if (before.empty() || before.back() == '\n' || before.back() == '\r') return true;
  static constexpr std::string_view kSigns = ":;(<>[\"'#=,|-";
  if (kSigns.contains(before.back())) return true;
  if (!has_blank) return false;
  static constexpr std::array<std::string_view, 10> kWords{
      "said", "error", "code", "reply", "response", "smtp", "by", "with", "reason", "problem"};
  for (const std::string_view word : kWords) {
    if (before.size() < word.size()) continue;
    if (same_ascii(before.substr(before.size() - word.size()), word)) return true;
  }
  // "550 550 5.1.1": the first one was put there by who quotes the second
  return before.size() >= 3 && is_digit(before.back()) && digits_at(before, before.size() - 3) == 3;
}

bool is_code_at(std::string_view text, std::size_t at) {
  if (digits_at(text, at) != 3 || text[at] < '2' || text[at] > '5' || text[at + 1] > '7')
    return false;
  if (text[at] == '3' || (at > 0 && (is_word(text[at - 1]) || text[at - 1] == '.'))) return false;
  if (at + 3 == text.size() && text[at] == '2') return false;  // an exit code, a count
  if (at + 3 < text.size()) {
    static constexpr std::string_view kBehind = " \t\r\n-:;,.)]>\"'#";
    if (!kBehind.contains(text[at + 3])) return false;
    if (text[at + 3] == '.' && at + 4 < text.size() && is_word(text[at + 4])) return false;
    if (text[at + 3] == '-' && at + 4 < text.size() && is_word(text[at + 4]) &&
        (at > 0 && text[at - 1] != '\n' && !is_space(text[at - 1])))
      return false;
  }
  return introduces_code(text.substr(0, at));
}

std::string_view status_behind(std::string_view rest) {
  static constexpr std::string_view kBetween = " \t-#([:;";
  std::size_t skipped = 0;
  while (skipped < rest.size() && skipped < 4 && kBetween.contains(rest[skipped])) ++skipped;
  return status_at_start(rest.substr(skipped));
}

bool is_local_octet(char c) {
  static constexpr std::string_view kMarks = "!#$%&'*+/=?^_`{|}~.-";
  return is_word(c) || static_cast<unsigned char>(c) >= 0x80 || kMarks.contains(c);
}

bool is_domain_octet(char c) {
  return is_word(c) || static_cast<unsigned char>(c) >= 0x80 || c == '.' || c == '-' || c == '_';
}

}  // namespace

std::string_view status_at_start(std::string_view text) {
  if (text.size() < 5 || text[1] != '.') return {};
  if (text[0] != '2' && text[0] != '4' && text[0] != '5') return {};
  const std::size_t subject = digits_at(text, 2);
  if (subject == 0 || subject > kStatusDigitsMax) return {};
  const std::size_t dot = 2 + subject;
  if (dot >= text.size() || text[dot] != '.') return {};
  const std::size_t detail = digits_at(text, dot + 1);
  if (detail == 0 || detail > kStatusDigitsMax) return {};
  const std::size_t end = dot + 1 + detail;
  return goes_on(text.substr(end)) ? std::string_view() : text.substr(0, end);
}

std::string_view find_status(std::string_view text) {
  for (std::size_t dot = text.find('.'); dot != text.npos; dot = text.find('.', dot + 1)) {
    if (dot == 0) continue;
    const std::size_t at = dot - 1;
    if (at > 0 && (is_word(text[at - 1]) || text[at - 1] == '.')) continue;
    const std::string_view found = status_at_start(text.substr(at));
    if (!found.empty()) return found;
  }
  return {};
}

ReplyFound find_reply(std::string_view text) {
  ReplyFound best;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_digit(text[at]) || (at > 0 && is_digit(text[at - 1])) || !is_code_at(text, at))
      continue;
    const auto code = static_cast<std::uint16_t>((text[at] - '0') * 100 +
                                                 (text[at + 1] - '0') * 10 + text[at + 2] - '0');
    const std::string_view status = status_behind(text.substr(at + 3));
    const bool fits = !status.empty() && status.front() == text[at];
    if (best.code == 0 || (best.code < 400 && code >= 400) ||
        (best.status.empty() && fits && code >= 400)) {
      if (best.code >= 400 && best.code != code) continue;
      best = {code, fits ? status : std::string_view(), at};
    }
    if (best.code >= 400 && !best.status.empty()) return best;
  }
  if (best.status.empty()) {
    const std::string_view found = find_status(text);
    if (best.code == 0 && !found.empty())
      best.offset = static_cast<std::size_t>(found.data() - text.data());
    if (best.code == 0 || (!found.empty() && best.code / 100 == found.front() - '0'))
      best.status = found;
  }
  return best;
}

std::vector<AddressFound> find_addresses(std::string_view line) {
  std::vector<AddressFound> out;
  std::size_t floor = 0;
  for (std::size_t at = line.find('@'); at != line.npos; at = line.find('@', at + 1)) {
    std::size_t begin = at;
    while (begin > floor && is_local_octet(line[begin - 1])) --begin;
    std::size_t end = at + 1;
    if (end < line.size() && line[end] == '[') {
      const std::size_t close = line.find(']', end);
      end = close == line.npos || close - end > 64 ? end : close + 1;
    } else {
      while (end < line.size() && is_domain_octet(line[end])) ++end;
      while (end > at + 1 && (line[end - 1] == '.' || line[end - 1] == '-')) --end;
    }
    while (begin < at && (line[begin] == '\'' || line[begin] == '.' || line[begin] == '`')) ++begin;
    floor = std::max(floor, at + 1);
    if (begin == at || end == at + 1) continue;
    out.push_back({begin, line.substr(begin, end - begin)});
    floor = end;
  }
  return out;
}

}  // namespace ph::message
