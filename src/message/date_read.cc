// The tolerant half of date.h: takes a date apart into words, numbers and signs, and makes of them
// what they can be.
#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "message/date.h"
#include "message/readable.h"

namespace ph::message {
namespace {

using namespace std::chrono_literals;

struct Token {
  enum class Kind { number, word, mark } kind = Kind::mark;
  std::string_view text;
  int value = 0;       // of a number
  bool glued = false;  // nothing stands between it and the token before
};

constexpr auto kMonthNames =
    std::to_array<std::string_view>({"january", "february", "march", "april", "may", "june", "july",
                                     "august", "september", "october", "november", "december"});
constexpr auto kDayNames = std::to_array<std::string_view>(
    {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"});

/// Minutes east of UTC. Where a name is used in several places, what most mail means by it.
constexpr auto kZones = std::to_array<std::pair<std::string_view, int>>(
    {{"acdt", 630},  {"acst", 570}, {"adt", -180}, {"aedt", 660},  {"aest", 600}, {"akdt", -480},
     {"akst", -540}, {"ast", -240}, {"awst", 480}, {"brst", -120}, {"brt", -180}, {"bst", 60},
     {"cdt", -300},  {"cest", 120}, {"cet", 60},   {"cst", -360},  {"edt", -240}, {"eest", 180},
     {"eet", 120},   {"est", -300}, {"gmt", 0},    {"hkt", 480},   {"hst", -600}, {"ict", 420},
     {"idt", 180},   {"ist", 330},  {"jst", 540},  {"kst", 540},   {"mdt", -360}, {"mest", 120},
     {"mesz", 120},  {"met", 60},   {"mez", 60},   {"msd", 240},   {"msk", 180},  {"mst", -420},
     {"ndt", -150},  {"nst", -210}, {"nzdt", 780}, {"nzst", 720},  {"pdt", -420}, {"pkt", 300},
     {"pst", -480},  {"sast", 120}, {"sgt", 480},  {"ut", 0},      {"utc", 0},    {"west", 60},
     {"wet", 0},     {"wib", 420},  {"z", 0}});
static_assert(std::ranges::is_sorted(kZones, {}, &std::pair<std::string_view, int>::first));

template <std::size_t n>
std::optional<int> index_of_name(const std::array<std::string_view, n>& names,
                                 std::string_view word) {
  if (word.size() < 3) return {};
  for (std::size_t i = 0; i < n; ++i) {
    const std::string_view name = names[i];
    if (word.size() <= name.size() && same_ascii(word, name.substr(0, word.size())))
      return static_cast<int>(i);
  }
  if (same_ascii(word, "sept")) return 8;
  return {};
}

std::optional<std::chrono::minutes> zone_named(std::string_view name) {
  const std::string key = ascii_lower(name);
  const auto found =
      std::ranges::lower_bound(kZones, key, {}, [](const auto& zone) { return zone.first; });
  if (found == kZones.end() || found->first != key) return {};
  return std::chrono::minutes(found->second);
}

bool is_word_octet(char c) { return is_alpha(c) || static_cast<unsigned char>(c) >= 0x80; }

/// The parts of a date; comments are left out, but for the last one, which may name the zone.
struct Tokens {
  std::vector<Token> all;
  std::string_view comment;
  bool open_comment = false, too_many = false;
};

Tokens tokens_of(std::string_view text) {
  Tokens out;
  bool glued = false;
  while (!text.empty()) {
    const char c = text.front();
    if (c == '(') {
      const std::size_t octets = comment_octets(text);
      out.open_comment = octets == 0;
      if (octets == 0) return out;
      out.comment = text.substr(1, octets - 2);
      text.remove_prefix(octets);
      glued = false;
      continue;
    }
    Token token{.glued = glued};
    const auto run = [&](auto fits) {
      const auto end = std::ranges::find_if_not(text, fits);
      return text.substr(0, static_cast<std::size_t>(end - text.begin()));
    };
    if (is_digit(c)) {
      token.kind = Token::Kind::number;
      token.text = run(is_digit);
      for (const char digit : token.text.substr(0, 9)) token.value = token.value * 10 + digit - '0';
      if (token.text.size() > 9) token.value = 999999999;
    } else if (is_word_octet(c)) {
      token.kind = Token::Kind::word;
      token.text = run(is_word_octet);
    } else {
      token.text = text.substr(0, 1);
    }
    text.remove_prefix(token.text.size());
    glued = !is_space(c) && c != '\r' && c != '\n';
    if (!glued) continue;
    if (out.all.size() == kDateTokensMax) {
      out.too_many = true;
      return out;
    }
    out.all.push_back(token);
  }
  return out;
}

class Finder {
 public:
  explicit Finder(std::string_view text) : in_(tokens_of(text)) {}

  Result<DateReading> find() {
    while (at_ < in_.all.size()) step(in_.all[at_]);
    if (in_.open_comment) odd("a comment is not closed");
    if (in_.too_many) odd("there is far more text than a date has");
    zone_of_comment();
    const auto day = day_of_numbers();
    if (!day) return fail(Kind::malformed, "the date has no day, month and year");
    if (!time_) return fail(Kind::malformed, "the date has no time of day");
    if (weekday_ && std::chrono::weekday(*day).c_encoding() != *weekday_)
      odd("the day of the week is another one");
    if (!zone_) odd("there is no zone");
    out_.at = Wall(*day + *time_ - zone_.value_or(0min));
    if (zone_ && !unknown_zone_) out_.zone = zone_;
    return std::move(out_);
  }

 private:
  using Number = std::pair<int, std::size_t>;  // value, digits

  void odd(std::string_view what) {
    if (std::ranges::find(out_.odd, what) == out_.odd.end()) out_.odd.push_back(what);
  }
  bool is_mark(std::size_t at, char c) const {
    return at < in_.all.size() && in_.all[at].kind == Token::Kind::mark &&
           in_.all[at].text.front() == c;
  }
  bool is_number(std::size_t at) const {
    return at < in_.all.size() && in_.all[at].kind == Token::Kind::number;
  }

  void step(const Token& token) {
    const std::size_t before = at_;
    if (token.kind == Token::Kind::number) {
      number(token);
    } else if (token.kind == Token::Kind::word) {
      word(token.text);
    } else if ((token.text == "+" || token.text == "-") && time_ && !numeric_zone_ &&
               is_number(at_ + 1) && (!token.glued || after_zone_name_ || after_time_)) {
      numeric_zone(token.text == "-");
    } else {
      if (token.text == "/") slashes_ = true;
      ++at_;
    }
    after_time_ = time_began_;
    time_began_ = false;
    after_zone_name_ = zone_named_;
    zone_named_ = false;
    if (at_ == before) ++at_;
  }

  void number(const Token& token) {
    const char mark = is_mark(at_ + 1, ':')                                     ? ':'
                      : month_ && numbers_.size() >= 2 && is_mark(at_ + 1, '.') ? '.'
                                                                                : '\0';
    if (mark != '\0' && !time_ && is_number(at_ + 2)) {
      if (mark == '.') odd("the time of day has other marks than colons");
      time(mark);
      return;
    }
    ++at_;
    if (time_ && zone_ && numbers_.size() >= 2) return;  // "EST5EDT", an id
    if (numbers_.size() < 3) numbers_.emplace_back(token.value, token.text.size());
  }

  void time(char mark) {
    const int hour = in_.all[at_].value;
    const int minute = in_.all[at_ + 2].value;
    int second = 0;
    at_ += 3;
    if (is_mark(at_, mark) && is_number(at_ + 1)) {
      second = in_.all[at_ + 1].value;
      at_ += 2;
      if ((is_mark(at_, '.') || is_mark(at_, ',')) && is_number(at_ + 1) && in_.all[at_ + 1].glued)
        at_ += 2;  // parts of a second
    }
    if (hour > 24 || minute > 59 || second > 60 || (hour == 24 && minute + second > 0)) {
      odd("the time of day does not exist");
      return;
    }
    if (hour == 24) odd("the day ends at 24 hours");
    time_ = hour * 1h + minute * 1min + std::min(second, 59) * 1s;
    time_began_ = true;
  }

  void word(std::string_view text) {
    ++at_;
    if (const auto day = index_of_name(kDayNames, text); day && !weekday_ && *day < 7) {
      weekday_ = static_cast<unsigned>(*day);
    } else if (const auto month = index_of_name(kMonthNames, text); month && !month_) {
      month_ = *month + 1;
    } else if (same_ascii(text, "am") || same_ascii(text, "pm")) {
      half_day(same_ascii(text, "pm"));
    } else if (time_ && !zone_) {
      zone_ = zone_named(text);
      zone_named_ = true;
      if (zone_) return;
      // RFC 5322 §4.3: of single letters and unknown names nothing is known.
      odd("the zone's name is unknown");
      zone_ = 0min;
      unknown_zone_ = true;
    } else if (!same_ascii(text, "t") && !zone_) {
      odd("there is text that belongs to no date");
    }
  }

  void half_day(bool afternoon) {
    odd("the time of day has 12 hours");
    if (!time_ || *time_ >= 13h) return;
    if (*time_ >= 12h && !afternoon) *time_ -= 12h;
    if (*time_ < 12h && afternoon) *time_ += 12h;
  }

  void numeric_zone(bool west) {
    const Token& hours = in_.all[at_ + 1];
    at_ += 2;
    int value = hours.value;
    bool right = hours.text.size() == 4;
    if (hours.text.size() <= 2) {
      value *= 100;
      if (is_mark(at_, ':') && is_number(at_ + 1)) {
        value += in_.all[at_ + 1].value;
        at_ += 2;
      }
    }
    if (!right) odd("the zone does not have four digits");
    if (value > 9959 || value % 100 > 59) {
      odd("the zone does not exist");
      value = 0;
      unknown_zone_ = true;
    } else {
      unknown_zone_ = west && value == 0;
    }
    const std::chrono::minutes offset = value / 100 * 1h + value % 100 * 1min;
    zone_ = west ? -offset : offset;
    numeric_zone_ = true;
  }

  void zone_of_comment() {
    if (zone_) return;
    zone_ = zone_named(trimmed(in_.comment));
    if (zone_) odd("the zone stands in a comment only");
  }

  /// Which number is what: day and year around a month's name, else by their size and their marks.
  std::optional<std::chrono::sys_days> day_of_numbers() {
    if (numbers_.size() < (month_ ? 2U : 3U)) return {};
    Number day = numbers_[0], year = numbers_[1];
    int month = month_.value_or(0);
    if (month_) {
      if (day.second > 2) std::swap(day, year);
    } else {
      odd("the month is a number");
      const bool year_first = numbers_[0].second == 4;
      day = year_first ? numbers_[2] : numbers_[0];
      year = year_first ? numbers_[0] : numbers_[2];
      month = numbers_[1].first;
      const bool swapped = !year_first && (slashes_ ? day.first <= 12 : month > 12);
      if (swapped) {
        odd("whether the day or the month comes first is a guess");
        std::swap(day.first, month);
      }
    }
    if (year.second == 2) year.first += year.first < 50 ? 2000 : 1900;  // RFC 5322 §4.3
    // "0102", "102": years that were counted from 1900 (RFC 5322 §4.3).
    const bool counted = year.second >= 4 && year.first >= 100 && year.first < 200;
    if (year.second == 3 || counted) year.first += 1900;
    if (counted) odd("the year is counted from 1900");
    if (year.second < 4) odd("the year does not have four digits");
    if (year.second < 2 || year.first < 1 || year.first > 9999 || month < 1 || month > 12 ||
        day.first > 31)
      return {};
    const std::chrono::year_month_day date{std::chrono::year(year.first),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day.first))};
    if (!date.ok()) return {};
    return std::chrono::sys_days(date);
  }

  Tokens in_;
  std::size_t at_ = 0;
  std::vector<Number> numbers_;
  std::optional<int> month_;
  std::optional<unsigned> weekday_;
  std::optional<std::chrono::seconds> time_;
  std::optional<std::chrono::minutes> zone_;
  bool slashes_ = false, numeric_zone_ = false, unknown_zone_ = false;
  bool time_began_ = false, after_time_ = false, zone_named_ = false, after_zone_name_ = false;
  DateReading out_;
};

}  // namespace

Result<DateReading> read_date(std::string_view text) { return Finder(text).find(); }

}  // namespace ph::message
