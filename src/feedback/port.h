// The door to reports for those who look at them: administration, `posthouse domain reports`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "rt/task.h"

namespace ph::feedback {

/// A report that is collected, or waits to be sent.
struct Collected {
  std::string domain;
  Wall begin{}, end{};  // end: of one that waits to be sent; else now
  bool waits = false;   // to be sent: nothing is added to it any more
  std::uint64_t messages = 0, rows = 0, omitted = 0;
  std::vector<std::string> uris;  // where the domain wants it
};

/// What became of one report at one address.
struct Sending {
  enum class What : std::uint8_t { queued, refused, later };
  std::string domain, to;
  What what = What::later;
  std::string queue_id;  // queued
  std::string why;
};
constexpr std::string_view to_string(Sending::What what) {
  return what == Sending::What::queued    ? "queued"
         : what == Sending::What::refused ? "refused"
                                          : "later";
}

class ReportDesk {
 public:
  virtual ~ReportDesk() = default;
  /// Of all domains, or of one; the oldest first, at most `max`.
  virtual Task<Result<std::vector<Collected>>> collected(std::string domain, std::size_t max) = 0;
  /// Ends what is collected now, of all domains or of one, and sends it; what is counted from here
  /// on goes into a further report of the day.
  ///   refused  reports are off, or there is nobody to send them as
  virtual Task<Result<std::vector<Sending>>> send_now(std::string domain) = 0;
};

}  // namespace ph::feedback
