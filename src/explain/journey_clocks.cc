#include <fmt/format.h>

#include <algorithm>

#include "explain/journey_parts.h"

namespace ph::explain {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kSlowMin = 10s;
constexpr milliseconds kFutureMax = 1h;  // a clock may be that wrong; a forger rarely is so modest
constexpr milliseconds kImpossibleMin = 24h;  // no clock of a mail server is so wrong
constexpr milliseconds kZoneJitter = 90s;     // how near to whole half hours a wrong zone is

/// Which hops' clocks agree with each other and with the last one: the longest chain of times, back
/// from the last, that never decrease. The last clock is believed because its host is the
/// receiver's.
std::vector<bool> agreeing(const std::vector<JourneyHop>& hops) {
  std::vector<bool> out(hops.size(), false);
  std::vector<std::size_t> length(hops.size(), 0), next(hops.size(), hops.size());
  std::size_t last = hops.size();
  for (std::size_t i = hops.size(); i-- > 0;) {
    if (!hops[i].at) continue;
    if (last == hops.size()) {
      last = i;
      length[i] = 1;
      continue;
    }
    for (std::size_t j = i + 1; j <= last; ++j) {
      const bool fits = hops[j].at && length[j] > 0 && *hops[j].at + kClockJitterMax >= *hops[i].at;
      if (fits && length[j] + 1 > length[i]) {
        length[i] = length[j] + 1;
        next[i] = j;
      }
    }
  }
  if (last == hops.size()) return out;
  const auto longest = std::ranges::max_element(length);
  for (auto i = static_cast<std::size_t>(longest - length.begin()); i < hops.size(); i = next[i])
    out[i] = true;
  return out;
}

void name_clock(Journey& journey, std::size_t i) {
  const JourneyHop& hop = journey.hops[i];
  const milliseconds ahead = hop.clock_ahead;
  if (std::chrono::abs(ahead) <= kClockJitterMax) return;
  const milliseconds rest = (std::chrono::abs(ahead) + kZoneJitter) % milliseconds(30min);
  const bool zone = std::chrono::abs(ahead) >= 29min && rest <= 2 * kZoneJitter &&
                    std::chrono::abs(ahead) <= 14h + kZoneJitter;
  const bool impossible = std::chrono::abs(ahead) >= kImpossibleMin;
  const std::string by = hop.line.by.empty() ? "a host without a name" : hop.line.by;
  add_finding(journey, impossible ? Severity::wrong : Severity::odd,
              impossible ? "time-impossible" : (ahead > 0ms ? "clock-ahead" : "clock-behind"),
              fmt::format("the time that {} wrote is {} {} the others allow{}", by,
                          duration_text(std::chrono::abs(ahead)),
                          ahead > 0ms ? "later than" : "earlier than",
                          zone ? "; maybe its time zone is wrong" : ""),
              i);
}

void correct(Journey& journey) {
  auto& hops = journey.hops;
  const std::vector<bool> right = agreeing(hops);
  std::optional<Wall> before;
  for (std::size_t i = 0; i < hops.size(); ++i) {
    JourneyHop& hop = hops[i];
    if (!hop.at) continue;
    Wall corrected = *hop.at;
    if (right[i]) {
      if (before) corrected = std::max(corrected, *before);  // within the jitter
    } else {
      // Between its neighbours whose clocks agree: the smallest correction that is possible.
      std::size_t j = i + 1;
      while (j < hops.size() && !right[j]) ++j;
      if (j < hops.size() && corrected > *hops[j].at) corrected = *hops[j].at;
      if (before && corrected < *before) corrected = *before;
      hop.clock_ahead = *hop.at - corrected;
      name_clock(journey, i);
    }
    hop.corrected = corrected;
    before = corrected;
  }
}

void measure(Journey& journey) {
  auto& hops = journey.hops;
  const JourneyHop* before = nullptr;
  JourneyHop* slowest = nullptr;
  std::optional<Wall> first;
  for (JourneyHop& hop : hops) {
    if (!hop.corrected) continue;
    if (before != nullptr) {
      hop.delay = *hop.corrected - *before->corrected;
      hop.delay_as_written = *hop.at - *before->at;
    } else if (journey.date) {
      hop.delay_as_written = *hop.at - journey.date->at;
      if (*hop.corrected >= journey.date->at) hop.delay = *hop.corrected - journey.date->at;
      first = std::min(*hop.corrected, journey.date->at);
    } else {
      first = *hop.corrected;
    }
    // What came before the first server is the author's business: drafts wait for days.
    const bool on_the_way = before != nullptr;
    if (on_the_way && (slowest == nullptr || *hop.delay > *slowest->delay)) slowest = &hop;
    journey.total = *hop.corrected - *first;
    before = &hop;
  }
  if (slowest != nullptr && *slowest->delay >= kSlowMin) slowest->slow = true;
}

void judge_date(Journey& journey) {
  const auto first = std::ranges::find_if(
      journey.hops, [](const JourneyHop& hop) { return hop.corrected.has_value(); });
  if (!journey.date) {
    add_finding(journey, Severity::note, "no-date", "there is no Date field that can be read");
    return;
  }
  for (const std::string_view odd : journey.date->odd)
    add_finding(journey, Severity::note, "date-odd", fmt::format("the Date field: {}", odd));
  if (first == journey.hops.end()) return;
  const milliseconds ahead = journey.date->at - *first->corrected;
  if (ahead > 10min) {
    add_finding(journey, ahead >= kImpossibleMin ? Severity::wrong : Severity::odd, "date-ahead",
                fmt::format("the Date field is {} later than the first server's time",
                            duration_text(ahead)));
  } else if (-ahead >= kImpossibleMin) {
    add_finding(journey, Severity::note, "date-old",
                fmt::format("the message was dated {} before the first server got it",
                            duration_text(-ahead)));
  }
}

void judge_now(Journey& journey, Wall now) {
  for (std::size_t i = 0; i < journey.hops.size(); ++i) {
    const JourneyHop& hop = journey.hops[i];
    if (!hop.at || *hop.at - now <= kFutureMax) continue;
    add_finding(journey, Severity::wrong, "time-future",
                fmt::format("the time is {} in the future", duration_text(*hop.at - now)), i);
  }
  if (journey.date && journey.date->at - now > kFutureMax)
    add_finding(
        journey, Severity::wrong, "date-future",
        fmt::format("the Date field is {} in the future", duration_text(journey.date->at - now)));
}

}  // namespace

void judge_clocks(Journey& journey, const JourneyQuestion& question) {
  correct(journey);
  measure(journey);
  judge_date(journey);
  if (question.now) judge_now(journey, *question.now);
  for (std::size_t i = 0; i < journey.hops.size(); ++i) {
    const auto& line = journey.hops[i].line;
    if (!line.date)
      add_finding(journey, Severity::odd, "no-time", "this line has no time that can be read", i);
    if (journey.hops[i].slow)
      add_finding(journey, Severity::note, "slow-hop",
                  fmt::format("the message waited {} before this hop",
                              duration_text(*journey.hops[i].delay)),
                  i);
  }
}

}  // namespace ph::explain
