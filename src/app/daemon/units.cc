#include "app/daemon/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/ascii.h"

namespace ph::daemon {
namespace {

using std::chrono::milliseconds;

struct DurationUnit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array<DurationUnit, 5> kDurationUnits{{
    {"d", 86400000},
    {"h", 3600000},
    {"m", 60000},
    {"s", 1000},
    {"ms", 1},
}};

/// Takes the decimal digits off the front; nullopt when there are none or they do not fit.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  std::size_t i = 0;
  for (; i < text.size() && is_digit(text[i]); ++i) {
    const auto digit = static_cast<std::uint64_t>(text[i] - '0');
    if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  if (i == 0) return std::nullopt;
  text.remove_prefix(i);
  return value;
}

std::string_view take_letters(std::string_view& text) {
  std::size_t i = 0;
  while (i < text.size() && is_alpha(text[i])) ++i;
  const auto letters = text.substr(0, i);
  text.remove_prefix(i);
  return letters;
}

void skip_space(std::string_view& text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
}

}  // namespace

Result<milliseconds> parse_duration(std::string_view text) {
  constexpr std::int64_t kMsMax = kDurationDaysMax * 86400000;
  if (text.size() > kUnitTextOctetsMax) return fail(Kind::malformed, "not a duration");
  std::string_view rest = trimmed(text);
  if (rest == "0") return milliseconds(0);
  if (rest.empty()) return fail(Kind::malformed, "not a duration", "empty");
  std::int64_t sum = 0;
  while (!rest.empty()) {
    const auto number = take_number(rest);
    if (!number) return fail(Kind::malformed, "not a duration", std::string(text));
    skip_space(rest);
    const auto unit = take_letters(rest);
    const auto found = std::ranges::find(kDurationUnits, unit, &DurationUnit::name);
    if (found == kDurationUnits.end()) {
      return fail(Kind::malformed, "a duration without a known unit", std::string(text));
    }
    if (*number > static_cast<std::uint64_t>(kMsMax / found->ms)) {
      return fail(Kind::over_limit, "the duration is too long", std::string(text));
    }
    sum += static_cast<std::int64_t>(*number) * found->ms;
    if (sum > kMsMax) return fail(Kind::over_limit, "the duration is too long", std::string(text));
    skip_space(rest);
  }
  return milliseconds(sum);
}

std::string format_duration(milliseconds duration) {
  if (duration.count() == 0) return "0s";
  std::string out = duration.count() < 0 ? "-" : "";
  std::int64_t rest = duration.count() < 0 ? -duration.count() : duration.count();
  for (const auto& unit : kDurationUnits) {
    if (rest < unit.ms) continue;
    out += fmt::format("{}{}", rest / unit.ms, unit.name);
    rest %= unit.ms;
  }
  return out;
}

Result<std::uint64_t> parse_octets(std::string_view text) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (text.size() > kUnitTextOctetsMax) return fail(Kind::malformed, "not a size");
  std::string_view rest = trimmed(text);
  const auto number = take_number(rest);
  if (!number) return fail(Kind::malformed, "not a size", std::string(text));
  skip_space(rest);
  std::string unit = ascii_lower(rest);
  if (unit.ends_with('b')) unit.pop_back();
  const bool binary = unit.ends_with('i');
  if (binary) unit.pop_back();
  constexpr std::string_view kPrefixes = "kmgt";
  std::uint64_t factor = 1;
  if (unit.size() == 1 && kPrefixes.contains(unit[0])) {
    const auto power = kPrefixes.find(unit[0]) + 1;
    for (std::size_t i = 0; i < power; ++i) factor *= binary ? 1024 : 1000;
  } else if (!unit.empty() || binary) {
    return fail(Kind::malformed, "a size with an unknown unit", std::string(text));
  }
  if (*number > kMax / factor)
    return fail(Kind::over_limit, "the size is too big", std::string(text));
  return *number * factor;
}

std::string format_octets(std::uint64_t octets) {
  if (octets < 1000) return fmt::format("{} B", octets);
  double value = static_cast<double>(octets);
  constexpr std::array<std::string_view, 5> kNames{"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (; value >= 999.95 && unit + 1 < kNames.size(); ++unit) value /= 1000;
  return fmt::format("{:.1f} {}", value, kNames[unit]);
}

namespace {

/// Levenshtein's distance; O(a*b), both are names of at most kUnitTextOctetsMax octets.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view typed, std::span<const std::string_view> known) {
  if (typed.size() > kUnitTextOctetsMax) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, typed.size() / 3) + 1;
  for (const auto name : known) {
    const auto d = distance(ascii_lower(typed), name);
    if (d < best_distance && d < name.size()) {
      best_distance = d;
      best = name;
    }
  }
  return best;
}

}  // namespace ph::daemon
