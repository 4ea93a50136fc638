#include "message/date.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/ascii.h"

namespace ph::message {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr int kCommentDepthMax = 16;

/// The parts of a date: words, numbers and punctuation, with comments and white space skipped.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) { skip_blank(); }

  bool at_end() const { return text_.empty(); }
  bool starts_with_digit() const { return !text_.empty() && is_digit(text_.front()); }

  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    skip_blank();
    return true;
  }
  std::string_view word() { return run(is_alpha); }
  /// A number of `digits_min` to 9 digits; `digits` tells how many it had.
  std::optional<int> number(std::size_t digits_min, std::size_t* digits = nullptr) {
    const std::string_view text = run(is_digit);
    if (text.size() < digits_min || text.empty() || text.size() > 9) return {};
    if (digits != nullptr) *digits = text.size();
    int value = 0;
    for (const char c : text) value = value * 10 + (c - '0');
    return value;
  }

 private:
  std::string_view run(bool (*fits)(char)) {
    const auto end = std::ranges::find_if_not(text_, fits);
    const std::string_view out = text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
    text_.remove_prefix(out.size());
    skip_blank();
    return out;
  }
  void skip_blank() {
    int depth = 0;
    while (!text_.empty()) {
      const char c = text_.front();
      const bool blank = is_space(c) || c == '\r' || c == '\n';
      if (c == '(' && depth < kCommentDepthMax) {
        ++depth;
      } else if (c == ')' && depth > 0) {
        --depth;
      } else if (c == '\\' && depth > 0 && text_.size() > 1) {
        text_.remove_prefix(1);
      } else if (depth == 0 && !blank) {
        return;
      }
      text_.remove_prefix(1);
    }
  }

  std::string_view text_;
};

template <std::size_t n>
std::optional<unsigned> index_of(const std::array<std::string_view, n>& names,
                                 std::string_view name) {
  for (unsigned i = 0; i < n; ++i)
    if (same_ascii(names[i], name)) return i;
  return {};
}

/// RFC 5322 §4.3: names other than these say nothing about where they are, and count as UTC.
std::chrono::minutes zone_of(std::string_view name) {
  constexpr auto hours = std::to_array<std::pair<std::string_view, int>>({{"EST", -5},
                                                                          {"EDT", -4},
                                                                          {"CST", -6},
                                                                          {"CDT", -5},
                                                                          {"MST", -7},
                                                                          {"MDT", -6},
                                                                          {"PST", -8},
                                                                          {"PDT", -7}});
  for (const auto& [zone, offset] : hours)
    if (same_ascii(zone, name)) return std::chrono::hours(offset);
  return 0min;
}

std::optional<std::chrono::minutes> take_zone(Reader& in) {
  const bool plus = in.take('+');
  if (!plus && !in.take('-')) {
    const std::string_view name = in.word();
    if (name.empty()) return {};
    return zone_of(name);
  }
  std::size_t digits = 0;
  const auto offset = in.number(4, &digits);
  if (!offset || digits != 4 || *offset % 100 > 59) return {};
  const std::chrono::minutes value = std::chrono::hours(*offset / 100) + *offset % 100 * 1min;
  return plus ? value : -value;
}

std::optional<std::chrono::sys_days> take_day(Reader& in) {
  if (!in.starts_with_digit()) {
    if (!index_of(kDays, in.word().substr(0, 3))) return {};
    in.take(',');
  }
  const auto day = in.number(1);
  const auto month = index_of(kMonths, in.word().substr(0, 3));
  std::size_t digits = 0;
  auto year = in.number(2, &digits);
  if (!day || !month || !year || *year > 9999) return {};
  if (digits == 2) *year += *year < 50 ? 2000 : 1900;
  if (digits == 3) *year += 1900;
  const std::chrono::year_month_day date(std::chrono::year(*year), std::chrono::month(*month + 1),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (*day > 31 || !date.ok()) return {};
  return date;
}

std::optional<std::chrono::seconds> take_time(Reader& in) {
  const auto hour = in.number(1);
  if (!in.take(':')) return {};
  const auto minute = in.number(1);
  std::optional<int> second = 0;
  if (in.take(':')) second = in.number(1);
  if (!hour || !minute || !second) return {};
  if (*hour > 23 || *minute > 59 || *second > 60) return {};
  return *hour * 1h + *minute * 1min + std::min(*second, 59) * 1s;  // a leap second has no value
}

}  // namespace

std::string format_date(Wall at) { return format_date(at, 0min); }

std::string format_date(Wall at, std::chrono::minutes zone) {
  using std::chrono::sys_days, std::chrono::January, std::chrono::December;
  constexpr Wall first = sys_days(std::chrono::year(1900) / January / 1);
  constexpr Wall last = sys_days(std::chrono::year(9999) / December / 31) + 23h + 59min + 59s;
  constexpr std::chrono::minutes zone_max = 99h + 59min;
  zone = std::clamp(zone, -zone_max, zone_max);
  const Wall local = std::clamp(std::clamp(at, first, last) + zone, first, last);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(local);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(seconds - day);
  const auto minutes = std::chrono::abs(zone).count();
  return fmt::format("{}, {} {} {:04} {:02}:{:02}:{:02} {}{:02}{:02}",
                     kDays[std::chrono::weekday(day).c_encoding()],
                     static_cast<unsigned>(date.day()),
                     kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
                     time.seconds().count(), zone < 0min ? '-' : '+', minutes / 60, minutes % 60);
}

Result<Wall> parse_date(std::string_view text) {
  Reader in(text);
  const auto day = take_day(in);
  if (!day) return fail(Kind::malformed, "the date has no day, month and year");
  const auto time = take_time(in);
  if (!time) return fail(Kind::malformed, "the date has no time of day");
  const auto zone = take_zone(in);
  if (!zone) return fail(Kind::malformed, "the date has no zone");
  if (!in.at_end()) return fail(Kind::malformed, "something follows the date");
  return Wall(*day + *time - *zone);
}

}  // namespace ph::message
